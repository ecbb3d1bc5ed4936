/* SPDX-License-Identifier: MIT */
/*
 * swap_contract - what swapping promises with every copy_range and every eviction policy. The disk is an
 * array whose transfers can be made to fail. Included by one file of a program.
 */
#ifndef SWAP_CONTRACT_H
#define SWAP_CONTRACT_H

#include <stdlib.h>

#include <ucow/errno.h>

#include "dev/ide.h"
#include "host_mm.h"
#include "mm/evict.h"
#include "mm/image.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "random_processes.h"

#define DISK_PAGES 64

/* 1 in the test of shared page tables. */
#ifndef SHARES_TABLES
#define SHARES_TABLES 0
#endif

static uint8_t disk[DISK_PAGES][PAGE_SIZE];
static unsigned reads, writes, fail_read, fail_write; /* the n-th transfer from now fails; 0: none */

uint32_t ide_init(void)
{
    return DISK_PAGES;
}

bool ide_read_page(uint32_t page, void *to)
{
    CHECK(page < DISK_PAGES);
    if (fail_read != 0 && --fail_read == 0)
        return false;
    memcpy(to, disk[page], PAGE_SIZE);
    reads++;
    return true;
}

bool ide_write_page(uint32_t page, const void *from)
{
    CHECK(page != 0 && page < DISK_PAGES);
    if (fail_write != 0 && --fail_write == 0)
        return false;
    memcpy(disk[page], from, PAGE_SIZE);
    writes++;
    return true;
}

static void *host_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

/* Pages [0, 4) from here on are private, pages [4, 6) are shared memory. */
#define BASE 0x10000000u

static inline uintptr_t page_at(size_t page)
{
    return BASE + page * PAGE_SIZE;
}

/* A process that has not accessed its memory yet. */
static inline struct mm *first_process(void)
{
    static bool ready;
    struct mm *mm;

    if (!ready)
        swap_init(host_alloc, DISK_PAGES * 64);
    host_mm_start();
    if (!ready)
        swap_start();
    ready = true;
    fail_read = fail_write = 0;
    mm = random_first(BASE);
    mm_publish(mm);
    reads = writes = 0;
    return mm;
}

/* Evict the page of `mm`; false if it cannot be. */
static inline bool evict(struct mm *mm, size_t page)
{
    return mm_pageout(mm, page_at(page), PAGE_SIZE) == 1;
}

static inline bool is_out(struct mm *mm, size_t page)
{
    return pte_swapped(*pte_find(mm->pgdir, page_at(page)));
}

static inline size_t slots_free(void)
{
    struct swap_info info;

    swap_read_info(&info);
    return info.free;
}

/* Check what mm_count_pages() returns for an address space. */
static inline void check_counts(struct mm *mm, unsigned private, unsigned shared, unsigned swapped)
{
    struct page_counts counts;

    CHECK_EQ(mm_count_pages(mm, &counts), 0);
    CHECK_EQ(counts.private, private);
    CHECK_EQ(counts.shared, shared);
    CHECK_EQ(counts.swapped, swapped);
    CHECK_EQ(counts.cache, 0);
}

/* Whether one of the first `n` address spaces has this entry, too: in a page table that both share. */
static inline bool is_counted(struct mm *const *mms, size_t n, const pte_t *pte, size_t page)
{
    for (size_t i = 0; i < n; i++) {
        if (pte_find(mms[i]->pgdir, page_at(page)) == pte)
            return true;
    }
    return false;
}

/* Check that each slot has as many references as entries name it; a slot of shared memory has one. */
static inline void check_slots(struct mm *const *mms, size_t n, size_t in_objects)
{
    uint32_t named[DISK_PAGES] = {0};
    size_t others = 0;

    CHECK(swap_ok());
    CHECK(page_ok());
    for (size_t i = 0; i < n; i++) {
        for (size_t page = 0; page < PAGES; page++) {
            const pte_t *pte = pte_find(mms[i]->pgdir, page_at(page));

            if (pte != NULL && pte_swapped(*pte) && !is_counted(mms, i, pte, page))
                named[pte_slot(*pte)]++;
        }
    }
    for (uint32_t slot = 1; slot < DISK_PAGES; slot++) {
        uint32_t count = swap_slot_count(slot);

        if (count != named[slot] && count != UINT32_MAX) {
            CHECK_EQ(count, 1);
            CHECK_EQ(named[slot], 0);
            others++;
        }
    }
    CHECK(others <= in_objects);
}

static inline void end_all(struct mm *const *mms, size_t n, size_t slots)
{
    for (size_t i = 0; i < n; i++)
        host_mm_drop(mms[i]);
    host_mm_check_all_back();
    CHECK(swap_ok());
    CHECK_EQ(slots_free(), slots);
}

/* P11, P13: evicted; P15, P16, P21: read back, by the only sharer, and to shared memory. */
TEST(what_goes_out_comes_back)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    for (size_t page = 0; page < PAGES; page++) {
        host_write(mm, page_at(page), (uint8_t)(0x40 + page));
        host_frame(mm, page_at(page))->caller = 0x1000 + page; /* for the ledger */
        CHECK(evict(mm, page));
        CHECK(!evict(mm, page)); /* it is not in memory any more */
    }
    CHECK_EQ(writes, PAGES);
    CHECK_EQ(slots_free(), slots - PAGES);
    for (size_t page = 0; page < PAGES; page++) {
        CHECK_EQ(mm_fault(mm, page_at(page), false), MM_SWAP_IN);
        CHECK(made_by_other_than((uintptr_t)mm_fault) || page >= PRIVATE_PAGES);
    }
    for (size_t page = 0; page < PAGES; page++) {
        CHECK_EQ(host_frame(mm, page_at(page))->caller, 0x1000 + page);
        CHECK_EQ(host_read(mm, page_at(page)), 0x40 + page);
    }
    CHECK_EQ(reads, PAGES);
    check_counts(mm, PRIVATE_PAGES, PAGES - PRIVATE_PAGES, 0);
    check_slots(&mm, 1, 0);
    end_all(&mm, 1, slots);
}

/* D22, P22: a child gets the pages on the disk; D23: no process reads the page of another. */
TEST(evicted_then_forked)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    CHECK(evict(mms[0], 0));
    mms[1] = host_mm_dup(mms[0]);
    CHECK(is_out(mms[1], 0));
    check_slots(mms, 2, 0);
    host_write(mms[1], page_at(0), 0x22);
    CHECK(is_out(mms[0], 0)); /* the child's write did not change the parent's entry */
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x22);
    check_slots(mms, 2, 0);
    end_all(mms, 2, slots);
}

TEST(forked_then_evicted)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    CHECK(evict(mms[0], 0));
    CHECK(is_out(mms[0], 0));
    CHECK_EQ(is_out(mms[1], 0), CONFIG_COW); /* a shared page is evicted for all sharers */
    host_poke(mms[1], page_at(0), 0x33);
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x33);
    check_slots(mms, 2, 0);
    end_all(mms, 2, slots);
}

/* One sharer writes while the page is on the disk for the others (P14, P20); then its own copy is evicted. */
TEST(one_sharer_writes_while_the_other_is_out)
{
    struct mm *mms[3] = {first_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    mms[2] = host_mm_dup(mms[1]);
    evict(mms[0], 0);
    check_counts(mms[0], 0, 0, 1);
    CHECK_EQ(host_read(mms[1], page_at(0)),
             0x11); /* in memory, and shared with two entries that name the slot */
    check_counts(mms[0], 0, SHARES_TABLES, !SHARES_TABLES); /* it came back to the whole table */
    check_counts(mms[1], !CONFIG_COW, CONFIG_COW, 0);
    host_poke(mms[1], page_at(0), 0x44);
    CHECK(evict(mms[1], 0));
    host_poke(mms[2], page_at(0), 0x55);
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    CHECK_EQ(host_read(mms[1], page_at(0)), 0x44);
    CHECK_EQ(host_read(mms[2], page_at(0)), 0x55);
    check_slots(mms, 3, 0);
    end_all(mms, 3, slots);
}

/* D25, P26: unmapping, and the end of a process, free slots; the address then reads as zeros. */
TEST(unmapping_frees_the_slot)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    host_write(mm, page_at(1), 0x11);
    host_write(mm, page_at(4), 0x12);
    CHECK(evict(mm, 1) && evict(mm, 4));
    CHECK_EQ(slots_free(), slots - 2);
    CHECK_EQ(mm_munmap(mm, page_at(1), PAGE_SIZE), 0);
    CHECK_EQ(slots_free(), slots - 1);
    host_map(mm, page_at(1), 1, VM_READ | VM_WRITE, NULL);
    CHECK_EQ(host_read(mm, page_at(1)), 0);
    end_all(&mm, 1, slots);
}

/* P18: a page that was read back and not written is evicted again without a transfer; P17: a written one is
 * not. */
TEST(an_unchanged_page_is_written_once)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    host_write(mm, page_at(0), 0x11);
    CHECK(evict(mm, 0));
    CHECK_EQ(host_read(mm, page_at(0)), 0x11);
    CHECK(evict(mm, 0));
    CHECK_EQ(writes, CONFIG_COW ? 1 : 2); /* the eager kernel frees the slot when it reads it */
    CHECK_EQ(host_read(mm, page_at(0)), 0x11);
    host_poke(mm, page_at(0), 0x12);
    CHECK(evict(mm, 0));
    CHECK_EQ(host_read(mm, page_at(0)), 0x12);
    end_all(&mm, 1, slots);
}

/* P19: cached slots are freed when slots run short. */
TEST(a_full_disk_frees_cached_slots)
{
    struct mm *mm = first_process();
    size_t slots = slots_free(), n = 0;

    host_map(mm, page_at(100), DISK_PAGES, VM_READ | VM_WRITE, NULL);
    for (size_t page = 100; page < 100 + DISK_PAGES; page++) {
        host_write(mm, page_at(page), (uint8_t)page);
        n += evict(mm, page);
    }
    CHECK_EQ(n, slots - 1); /* the last two find the disk full, but for the slot that is kept */
    CHECK_EQ(slots_free(), 1);
    CHECK_EQ(host_read(mm, page_at(100)), 100);
    CHECK(evict(mm, 100 + DISK_PAGES - 1));
    for (size_t page = 100; page < 100 + DISK_PAGES; page++)
        CHECK_EQ(host_read(mm, page_at(page)), (uint8_t)page);
    end_all(&mm, 1, slots);
}

/* D105: when memory and the disk are full, a page on the disk and one in memory change places. */
TEST(a_page_comes_in_when_memory_and_disk_are_full)
{
    enum { MANY = DISK_PAGES + 30 };
    struct mm *mm = first_process();
    size_t slots = slots_free(), n = 0;
    enum mm_outcome outcome;
    uint8_t *byte;

    host_map(mm, page_at(100), MANY, VM_READ | VM_WRITE, NULL);
    host_write(mm, page_at(100), 0); /* its page table */
    host_leave_frames(20);
    while (n < MANY && (byte = host_byte(mm, page_at(100 + n), true, &outcome)) != NULL)
        *byte = (uint8_t)n++;
    CHECK(n > slots && n < MANY);
    CHECK_EQ(outcome, MM_OOM);
    CHECK_EQ(page_free_count(), 0);
    CHECK_EQ(slots_free(), 1);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t page = 0; page < n; page++) {
            CHECK_EQ(host_read(mm, page_at(100 + page)), (uint8_t)(page + round));
            host_write(mm, page_at(100 + page), (uint8_t)(page + round + 1));
        }
    }
    CHECK_EQ(host_failure(mm, page_at(100 + n), true), MM_OOM); /* a new page has no place */
    host_give_frames();
    end_all(&mm, 1, slots);
}

/* fork() has frames in reserve: pages are evicted until there are so many, and no more. (D06) */
TEST(a_reserve_evicts_what_is_missing)
{
    enum { MANY = 40, LEFT = 5, WANTED = 12 };
    struct mm *mm = first_process();
    size_t slots = slots_free();

    host_map(mm, page_at(100), MANY, VM_READ | VM_WRITE, NULL);
    for (size_t page = 0; page < MANY; page++)
        host_write(mm, page_at(100 + page), (uint8_t)page);
    ledger_shrink();
    host_leave_frames(LEFT);
    CHECK(page_reserve(LEFT));
    CHECK_EQ(writes, 0);
    CHECK(page_reserve(WANTED));
    CHECK_EQ(writes, WANTED - LEFT);
    CHECK_EQ(page_free_count(), WANTED);
    host_give_frames();
    for (size_t page = 0; page < MANY; page++)
        CHECK_EQ(host_read(mm, page_at(100 + page)), (uint8_t)page);
    end_all(&mm, 1, slots);
}

/* D105: what the end of a process frees: pages and slots that no other one has. */
TEST(own_pages_are_those_that_the_end_frees)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free(), own;

    for (size_t page = 0; page < 3; page++)
        host_write(mms[0], page_at(page), 0x11);
    CHECK(evict(mms[0], 0));
    CHECK_EQ(mm_count_own_pages(mms[0], &own), 0);
    CHECK_EQ(own, 3);
    mms[1] = host_mm_dup(mms[0]);
    CHECK_EQ(mm_count_own_pages(mms[0], &own), 0);
    CHECK_EQ(own, CONFIG_COW ? 0 : 2); /* the slot is shared in any case */
    host_poke(mms[1], page_at(1), 0x22);
    CHECK_EQ(mm_count_own_pages(mms[1], &own), 0);
    CHECK_EQ(own, CONFIG_COW ? 1 : 2);
    end_all(mms, 2, slots);
}

/* A page belongs to the lineage of the process that writes to it alone, so a search for its entries looks at
 * no other. */
TEST(a_page_that_one_process_has_is_of_its_lineage)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();

    for (size_t page = 0; page < 4; page++)
        host_write(mms[0], page_at(page), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    host_poke(mms[1], page_at(0), 0x22); /* a copy, or the child's already */
    CHECK_EQ(host_frame(mms[1], page_at(0))->lineage, mms[1]->lineage);
    host_poke(mms[0], page_at(0), 0x33); /* the last that has it */
    CHECK_EQ(host_frame(mms[0], page_at(0))->lineage, mms[0]->lineage);
    CHECK(evict(mms[1], 3) && is_out(mms[1], 3));
    host_mm_drop(mms[0]);
    host_poke(mms[1], page_at(1), 0x22); /* its parent had it, and has ended */
    CHECK_EQ(host_frame(mms[1], page_at(1))->lineage, mms[1]->lineage);
    host_poke(mms[1], page_at(3), 0x22); /* the same, from the disk */
    CHECK_EQ(host_frame(mms[1], page_at(3))->lineage, mms[1]->lineage);
    CHECK_EQ(host_frame(mms[1], page_at(3))->va, page_at(3));
    end_all(&mms[1], 1, slots);
}

/* The object of shared memory refers to its pages, too. All the same, a search for the entries of a page ends
 * with the last one, and does not look at those who have not accessed it: there may be thousands. (D93) */
TEST(a_search_ends_with_the_last_entry)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();
    struct page *page;

    mms[1] = host_mm_dup(mms[0]);
    host_write(mms[0], page_at(4), 0x11);
    page = host_frame(mms[0], page_at(4));
    lineage_set_mm(mms[1]->lineage, (struct mm *)8); /* who looks there crashes */
    CHECK_EQ(rmap_count(page), 1);
    rmap_test_clear_accessed(page);
    lineage_set_mm(mms[1]->lineage, mms[1]);
    CHECK_EQ(host_read(mms[1], page_at(4)), 0x11);
    end_all(mms, 2, slots);
}

/* D06: there is memory for it, but none for a lineage. */
TEST(an_address_space_or_image_without_a_lineage_leaves_nothing)
{
    static struct lineage *others[PAGE_SIZE / sizeof(struct lineage)];
    static uint8_t program[PAGE_SIZE];
    struct mm *mm = first_process();
    size_t slots = slots_free(), n = 0;

    host_leave_frames(0);
    while (lineage_new(NULL, &others[n]) == 0)
        CHECK(++n < ARRAY_SIZE(others)); /* until the slab is full */
    for (int what = 0; what < 2; what++) {
        host_give_frames();
        host_leave_frames(1); /* for a directory, or a slab of images */
        CHECK(what == 0 ? mm_new(NULL) == NULL : image_new(program) == NULL);
        host_shrink();
        CHECK_EQ(page_free_count(), 1);
    }
    host_give_frames();
    while (n > 0)
        lineage_drop(others[--n]);
    end_all(&mm, 1, slots);
}

#define CROWD 1500 /* address spaces: more than a walk looks at */

/* Make as many lineages below `parent`, whose address spaces map nothing. */
static inline void gather(struct lineage *parent, struct lineage **crowd)
{
    for (size_t i = 0; i < CROWD; i++)
        CHECK_EQ(lineage_new(parent, &crowd[i]), 0);
}

static inline void disperse(struct lineage **crowd)
{
    for (size_t i = 0; i < CROWD; i++)
        lineage_drop(crowd[i]);
}

/* The walk that finds it begins where the one before had to end. (D93) */
TEST(one_walk_does_not_look_at_everybody)
{
    static struct lineage *crowd[CROWD];
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    struct page *page = host_frame(mms[0], page_at(0));
    gather(mms[0]->lineage, crowd);
    CHECK_EQ(rmap_count(page), 1);
    mms[1] = host_mm_dup(mms[0]);
    if (CONFIG_COW) {
        host_poke(mms[0], page_at(0), 0x22); /* only the child has the page now, and comes last */
        uint32_t before = rmap_visits;
        CHECK_EQ(rmap_count(page), 0);
        CHECK_EQ(rmap_visits - before, 1000);
        CHECK_EQ(rmap_count(page), 1);
        CHECK_EQ(rmap_count(page), 1);
        CHECK(rmap_visits - before < 1000 + 3 * CROWD);
        CHECK(evict(mms[1], 0));
        CHECK_EQ(host_read(mms[1], page_at(0)), 0x11);
    }
    disperse(crowd);
    end_all(mms, 2, slots);
}

/* A page that more address spaces map than a walk looks at is not looked for at all. */
TEST(a_page_with_too_many_entries_stays)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    host_write(mm, page_at(0), 0x11);
    struct page *page = host_frame(mm, page_at(0));
    for (size_t i = 1; i < 1000; i++)
        page_hold(page);
    CHECK_EQ(rmap_count(page), 1);
    page_hold(page);
    uint32_t before = rmap_visits;
    CHECK_EQ(rmap_count(page), 0);
    CHECK(!evict(mm, 0));
    CHECK_EQ(rmap_visits, before);
    for (size_t i = 0; i < 1000; i++)
        page_drop(page);
    CHECK(evict(mm, 0));
    end_all(&mm, 1, slots);
}

/* A search that finds nothing ends before it has looked for long; the next goes on with other candidates,
 * until there are none. */
TEST(a_search_is_bounded_and_goes_on)
{
    static struct lineage *crowd[CROWD];
    struct mm *mm = first_process();
    struct page *pages[PRIVATE_PAGES];
    size_t slots = slots_free();
    unsigned searches = 0;

    CHECK(!swap_search_goes_on());
    for (size_t i = 0; i < PRIVATE_PAGES; i++) {
        host_write(mm, page_at(i), 0x11);
        page_hold(pages[i] = host_frame(mm, page_at(i))); /* a walk looks for a second entry */
    }
    gather(mm->lineage, crowd);
    do {
        uint32_t before = rmap_visits;
        CHECK_EQ(swap_evict(1), 0);
        CHECK(rmap_visits - before <= 3000 + 1000);
        searches++;
    } while (swap_search_goes_on());
    CHECK(searches > 1 && searches <= PRIVATE_PAGES);
    page_drop(pages[1]);
    for (searches = 1; swap_evict(1) == 0; searches++)
        CHECK(swap_search_goes_on());
    CHECK(searches <= PRIVATE_PAGES + 1 && is_out(mm, 1));
    CHECK(!swap_search_goes_on());
    for (size_t i = 0; i < PRIVATE_PAGES; i++)
        if (i != 1)
            page_drop(pages[i]);
    disperse(crowd);
    end_all(&mm, 1, slots);
}

/* The frame for a copy is not the frame that is copied. */
TEST(a_page_is_not_evicted_while_it_is_copied)
{
    if (!CONFIG_COW || SHARES_TABLES)
        return; /* nothing is copied, or a page table is before that */
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();

    host_write(mms[0], page_at(0), 0x11);
    mms[1] = host_mm_dup(mms[0]);
    ledger_shrink();
    host_leave_frames(0);
    CHECK_EQ(mm_fault(mms[1], page_at(0), true), MM_OOM);
    CHECK(!is_out(mms[0], 0) && !is_out(mms[1], 0));
    CHECK_EQ(writes, 0);
    host_give_frames();
    host_poke(mms[1], page_at(0), 0x22);
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    end_all(mms, 2, slots);
}

static void nothing_happens(void)
{
}

TEST(a_count_ends_with_the_process_that_counts)
{
    struct mm *mm = first_process();
    size_t slots = slots_free(), own;
    struct page_counts counts;

    host_write(mm, page_at(0), 0x11);
    host_points_begin(nothing_happens, -E_KILLED);
    CHECK_EQ(mm_count_pages(mm, &counts), -E_KILLED);
    CHECK_EQ(mm_count_own_pages(mm, &own), -E_KILLED);
    host_points_end();
    CHECK_EQ(mm_count_pages(mm, &counts), 0);
    end_all(&mm, 1, slots);
}

/* D27, P23: the page is not lost: the access fails, and can be retried. */
TEST(a_read_error_leaves_the_slot_as_it_was)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    for (size_t page = 3; page < 5; page++) {
        host_write(mm, page_at(page), 0x66);
        CHECK(evict(mm, page));
        fail_read = 1;
        CHECK_EQ(mm_fault(mm, page_at(page), true), MM_SWAP_FAULT);
        check_slots(&mm, 1, 1);
        CHECK_EQ(host_read(mm, page_at(page)), 0x66);
    }
    end_all(&mm, 1, slots);
}

/* D108: other bytes than were written are a read error; a page that was moved to another slot is one, too. */
TEST(bytes_that_were_not_written_are_not_read)
{
    static uint8_t saved[PAGE_SIZE];
    struct mm *mm = first_process();
    size_t slots = slots_free();

    for (size_t page = 3; page < 5; page++) {
        uint32_t number;

        for (number = 1; number < DISK_PAGES; number++)
            memset(disk[number], 0xEE, PAGE_SIZE);
        host_write(mm, page_at(page), 0x66);
        CHECK(evict(mm, page));
        for (number = 1; disk[number][0] != 0x66; number++)
            CHECK(number + 1 < DISK_PAGES);
        memcpy(saved, disk[number], PAGE_SIZE);
        for (size_t sector = 0; sector < PAGE_SIZE; sector += 512) {
            memset(&disk[number][sector], 0, 512);
            CHECK_EQ(mm_fault(mm, page_at(page), true), MM_SWAP_FAULT);
            CHECK(console_has("other bytes"));
            memcpy(disk[number], saved, PAGE_SIZE);
        }
        CHECK_EQ(host_read(mm, page_at(page)), 0x66);
    }
    end_all(&mm, 1, slots);
}

/* P24: the page stays in memory, and the slot is not used again. */
TEST(a_write_error_costs_a_slot_and_no_page)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    for (size_t page = 3; page < 5; page++) {
        host_write(mm, page_at(page), 0x77);
        fail_write = 1;
        CHECK(!evict(mm, page));
        CHECK(console_has("cannot be written"));
        CHECK_EQ(host_read(mm, page_at(page)), 0x77);
        CHECK(evict(mm, page));
        CHECK_EQ(host_read(mm, page_at(page)), 0x77);
    }
    CHECK(evict(mm, 3));
    ledger_check();
    CHECK(console_has("leaked 1 swap slots")); /* the bad ones are no leak, and no one has allocated them */
    CHECK(!console_has("an unknown place"));
    end_all(&mm, 1, slots - 2);
}

/* A page to which the kernel holds a reference, to copy from or to write to, is not evicted. */
TEST(a_held_page_stays)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();
    struct page *page;

    host_write(mm, page_at(0), 0x11);
    page = host_frame(mm, page_at(0));
    page_hold(page);
    CHECK(!evict(mm, 0));
    page_drop(page);
    CHECK(evict(mm, 0));
    end_all(&mm, 1, slots);
}

static struct page *late;
static bool late_went;

static void evict_late(void)
{
    if (!late_went)
        CHECK(late_went = swap_evict_page(late));
}

/* While the memory of a process that has ended is being freed, eviction finds the entries that are left. */
TEST(pages_of_a_process_that_is_being_freed_go_out)
{
    struct mm *mms[2] = {first_process()};
    size_t slots = slots_free();
    uintptr_t far = page_at(PGTABLE_ENTRIES - 1); /* cleared after a point */

    host_map(mms[0], far, 1, VM_READ | VM_WRITE, NULL);
    host_write(mms[0], page_at(0), 0x11);
    host_write(mms[0], far, 0x22);
    mms[1] = host_mm_dup(mms[0]);
    host_write(mms[1], page_at(0), 0x33);
    late = host_frame(mms[1], far);
    late_went = false;
    host_points_begin(evict_late, 0);
    host_mm_drop(mms[1]);
    host_points_end();
    CHECK(late_went);
    CHECK_EQ(host_read(mms[0], page_at(0)), 0x11);
    CHECK_EQ(host_read(mms[0], far), 0x22);
    end_all(mms, 1, slots);
}

/* Without pages of user memory there are no candidates. */
TEST(without_pages_nothing_can_be_evicted)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    CHECK_EQ(evict_count(), 0);
    CHECK_EQ(evict_next(rmap_test_clear_accessed), NULL);
    host_write(mm, page_at(0), 0x11);
    CHECK_EQ(evict_count(), 1);
    CHECK_EQ(evict_next(rmap_test_clear_accessed), host_frame(mm, page_at(0)));
    end_all(&mm, 1, slots);
    CHECK_EQ(evict_next(rmap_test_clear_accessed), NULL);
}

/* D21: clearing the accessed bit flushes, or the CPU would not set it again. */
TEST(an_access_after_the_bit_was_cleared_is_seen)
{
    struct mm *mm = first_process();
    size_t slots = slots_free();

    host_write(mm, page_at(0), 0x11);
    for (int i = 0; i < 3; i++) {
        CHECK(rmap_test_clear_accessed(host_frame(mm, page_at(0))));
        CHECK(!rmap_test_clear_accessed(host_frame(mm, page_at(0))));
        CHECK_EQ(host_read(mm, page_at(0)), 0x11);
    }
    end_all(&mm, 1, slots);
}

/* Lineages of dead processes do not accumulate. */
TEST(a_thousand_generations_leave_no_more_than_one)
{
    struct mm *mm = first_process();
    size_t slots = slots_free(), bytes = 0;

    for (int i = 0; i < 1000; i++) {
        struct mm *child = host_mm_dup(mm);

        host_mm_drop(mm);
        mm = child;
        for (size_t page = 0; page < PRIVATE_PAGES; page++)
            host_write(mm, page_at(page), (uint8_t)i);
        host_shrink();
        if (i == 10)
            bytes = kmem_used_bytes();
    }
    CHECK_EQ(kmem_used_bytes(), bytes);
    end_all(&mm, 1, slots);
}

/* Random processes, in memory that is too small for them and with a disk that fails. */

static inline uint8_t read_or_fail(struct mm *mm, uintptr_t va)
{
    enum mm_outcome outcome;

    if (unit_below(3) == 0)
        evict(mm, unit_below(PAGES));
    if (unit_below(20) == 0)
        fail_read = 1;
    if (unit_below(1000) == 0)
        fail_write = 1;
    uint8_t *byte = host_byte(mm, va, false, &outcome);
    if (byte == NULL) {
        CHECK_EQ(outcome, MM_SWAP_FAULT);
        byte = host_byte(mm, va, false, &outcome);
    }
    fail_read = 0;
    CHECK(byte != NULL);
    return *byte;
}

static inline void check_all_slots(struct mm *const *mms, size_t mms_n)
{
    check_slots(mms, mms_n, PAGES - PRIVATE_PAGES);
}

static inline void random_processes(size_t frames)
{
    const struct look look = {read_or_fail, check_all_slots, 50};
    struct mm *mm = first_process();

    if (frames != 0)
        host_leave_frames(frames);
    random_lives(mm, BASE, &look);
    host_give_frames();
    host_mm_check_all_back();
    CHECK(swap_ok());
}

TEST(random_processes_on_a_disk_that_fails)
{
    random_processes(0);
}

/* Six processes need up to 26 private pages, and page tables; there are only 22 frames. */
TEST(random_processes_in_small_memory)
{
    random_processes(22);
    CHECK(writes > 100);
}

#endif
