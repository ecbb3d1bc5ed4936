/* SPDX-License-Identifier: MIT */
/*
 * swap_disk.c and swap_slot.c on their own: which disks are used, what a slot's count and its page mean, and
 * what there is no memory for. What processes see of swapping is swap_contract.h's.
 */
#include <stdlib.h>

#include <ucow/errno.h>

#include "dev/ide.h"
#include "host_mm.h"
#include "mm/page_store.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "mm/swap_slot.h"

#define DISK_PAGES 16
#define VA 0x10000000u

static uint8_t disk[DISK_PAGES][PAGE_SIZE];
static uint32_t disk_pages;
static bool disk_works;

uint32_t ide_init(void)
{
    return disk_pages;
}

bool ide_read_page(uint32_t page, void *to)
{
    CHECK(page < disk_pages);
    memcpy(to, disk[page], PAGE_SIZE);
    return disk_works;
}

bool ide_write_page(uint32_t page, const void *from)
{
    CHECK(page != 0 && page < disk_pages);
    memcpy(disk[page], from, PAGE_SIZE);
    return disk_works;
}

static void *tables[2]; /* of the slots: their state, and which are in use */
static size_t tables_n;

static void *host_alloc(size_t bytes)
{
    CHECK(tables_n < ARRAY_SIZE(tables));
    return tables[tables_n++] = calloc(1, bytes);
}

/* The kernel boots with a disk of so many pages, and a table of so many bytes. */
static void boot(uint32_t pages, size_t max_bytes)
{
    static bool ready;

    host_mm_start();
    disk_pages = pages;
    disk_works = true;
    slots_n = 0;
    while (tables_n > 0)
        free(tables[--tables_n]);
    swap_init(host_alloc, max_bytes);
    if (!ready)
        swap_start();
    ready = true;
}

static struct lineage *lineage;

/* A page of user memory that can be evicted. */
static __attribute__((noinline)) struct page *page_new(uint8_t value)
{
    struct page *page = page_alloc(PAGE_USER);

    memset(page_to_virt(page), value, PAGE_SIZE);
    swap_adopt(page, lineage, VA);
    return page;
}

/* One reference to the slot for one to its page. */
static struct page *come_in(uint32_t slot)
{
    struct page *page;

    CHECK_EQ(swap_in(slot, VA, &page), 0);
    slots_keep_last(false); /* the exchange has ended */
    return page;
}

static void begin(uint32_t pages)
{
    memset(disk[0], 0, PAGE_SIZE);
    boot(pages, 4096);
    slots_keep_last(false);
    CHECK_EQ(lineage_new(NULL, &lineage), 0);
}

static void end(void)
{
    CHECK(swap_ok());
    CHECK_EQ(slots_free(), slots_total());
    CHECK_EQ(lineage->refs, 1);
    lineage_drop(lineage);
    slots_keep_last(true);
    host_mm_check_all_back();
}

TEST(a_disk_without_room_for_a_page_is_not_used)
{
    for (uint32_t pages = 0; pages < 2; pages++) {
        boot(pages, 4096);
        CHECK_EQ(slots_total(), 0);
        CHECK_STR_EQ(console, "");
    }
    boot(2, 4096);
    CHECK_EQ(slots_total(), 1);
    CHECK_STR_EQ(console, "swap: 4 KiB on the second IDE disk\n");
}

TEST(a_disk_is_used_if_its_first_page_says_so)
{
    static const uint8_t others[][2] = {{0, 'u'}, {7, 'x'}};

    memcpy(disk[0], "UCOWSWAPx", 9);
    memset(disk[1], 'x', PAGE_SIZE);
    boot(DISK_PAGES, 4096);
    CHECK_EQ(slots_total(), DISK_PAGES - 1);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        memcpy(disk[0], "UCOWSWAP", 8);
        disk[0][others[i][0]] = others[i][1];
        boot(DISK_PAGES, 4096);
        CHECK_EQ(slots_total(), 0);
        CHECK_STR_EQ(console, "swap: the second disk holds something else: not used (its first page is to be "
                              "zeros)\n");
    }
    memset(disk[0], 0, PAGE_SIZE);
    boot(DISK_PAGES, 4096);
    CHECK_EQ(slots_total(), DISK_PAGES - 1);
    disk[0][PAGE_SIZE - 1] = 1;
    boot(DISK_PAGES, 4096);
    CHECK_EQ(slots_total(), 0);
}

TEST(a_disk_whose_first_page_cannot_be_read_is_not_used)
{
    memset(disk[0], 0, PAGE_SIZE);
    boot(0, 4096);
    disk_works = false;
    disk_pages = DISK_PAGES;
    swap_init(host_alloc, 4096);
    CHECK_EQ(slots_total(), 0);
    CHECK_STR_EQ(console, "swap: the disk's first page cannot be read: not used\n");
}

/* A byte for each slot is left for the bitmap. */
TEST(a_disk_is_used_as_far_as_its_table_may_grow)
{
    memset(disk[0], 0, PAGE_SIZE);
    boot(DISK_PAGES, 10 * (sizeof(struct slot) + 1));
    CHECK_EQ(slots_total(), 9);
    CHECK_STR_EQ(console, "swap: 36 KiB on the second IDE disk, the rest of it is not used\n");
}

/* The first slot is a slot like the others. */
TEST(the_only_slot_of_a_disk_is_leaked_and_cached_as_any)
{
    begin(2);
    host_name("page_new", (void (*)(void))page_new);
    ledger_mark();
    struct page *page = page_new(0x11), *other;
    uint32_t slot = swap_out(page);
    CHECK_EQ(slot, 1);
    CHECK_EQ(swap_out(page), 0); /* there is no other */
    CHECK(!ledger_check());
    CHECK(console_has("leaked 1 swap slots (base 0, now 1)\n    1 taken at page_new\n"));
    page_drop(page);

    page = come_in(slot);
    CHECK_EQ(page->slot, 1); /* cached: it is free as soon as another page needs it */
    CHECK(slots_available() && slots_free() == 0);
    other = page_new(0x22);
    CHECK_EQ(swap_out(other), 1);
    CHECK_EQ(page->slot, 0);
    page_drop(page);
    page_drop(other);
    swap_drop(1);
    end();
}

/* Only what all sharers have in memory again is given up for another page. */
TEST(a_slot_that_is_named_is_not_freed_for_another_page)
{
    begin(4);
    struct page *out = page_new(0x11), *both, *cached;
    uint32_t slot = swap_out(out), last;

    swap_hold(slot);
    page_drop(out);
    both = come_in(slot); /* for one of two */
    CHECK_EQ(swap_slot_count(slot), 1);
    out = page_new(0x22);
    last = swap_out(out);
    cached = come_in(last);
    page_drop(out);
    CHECK_EQ(swap_slot_count(last), 0);
    out = page_new(0x33);
    CHECK(swap_out(out) != 0);
    CHECK_EQ(swap_out(out), last); /* the cached one's */
    CHECK_EQ(swap_out(out), 0);
    CHECK_EQ(both->slot, slot);
    CHECK_EQ(cached->slot, 0);
    page_drop(both);
    page_drop(cached);
    page_drop(out);
    for (uint32_t i = 1; i < 4; i++)
        swap_drop(i);
    end();
}

/* Also in a kernel that does not know who allocated a page. */
TEST(the_sharers_of_a_page_are_those_that_map_it_or_name_its_slot)
{
    begin(4);
    struct page *page = page_new(0x11);
    page_set_caller(page, 0);
    uint32_t slot = swap_out(page);

    CHECK_EQ(swap_page_sharers(page), 1);
    slot_hold(slot_at(slot), 2);
    page_drop(page);
    page = come_in(slot);
    CHECK_EQ(page->caller, 0);
    CHECK_EQ(swap_page_sharers(page), 3);
    page_hold(page);
    CHECK_EQ(swap_page_sharers(page), 4);
    page_drop(page);
    page_drop(page);
    swap_drop(slot);
    swap_drop(slot);
    end();
}

/* D06: nothing has changed, and it succeeds when there is memory. */
TEST(a_page_comes_back_when_there_is_a_frame_for_it)
{
    begin(4);
    struct page *page = page_new(0x11);
    uintptr_t caller = page->caller;
    uint32_t slot = swap_out(page);

    page_drop(page);
    host_leave_frames(0);
    CHECK_EQ(swap_in_own(slot, PAGE_SHARED, &page), -E_NO_MEM);
    CHECK_EQ(swap_in(slot, VA, &page), -E_NO_MEM);
    CHECK_EQ(swap_slot_count(slot), 1);
    host_give_frames();
    CHECK_EQ(swap_in_own(slot, PAGE_SHARED, &page), 0);
    CHECK_EQ(page->caller, caller);
    CHECK_EQ(*(uint8_t *)page_to_virt(page), 0x11);
    CHECK_EQ(page->lineage, NULL);
    page_drop(page);
    end();
}

/* D06 */
TEST(a_page_that_cannot_be_stored_is_dropped)
{
    begin(4);
    struct page_store store = {{NULL}};
    struct vm_object *object = shmem_new(lineage);
    struct page *page, *held = NULL;

    host_leave_frames(1);
    page = page_alloc(PAGE_SHARED);
    CHECK_EQ(page_store_new(&store, object, 5, page, &held), -E_NO_MEM);
    CHECK_EQ(page_free_count(), 1);
    CHECK_EQ(held, NULL);
    CHECK_EQ(page_store_find(&store, 5), NULL);
    host_give_frames();
    page = page_alloc(PAGE_SHARED);
    CHECK_EQ(page_store_new(&store, object, 5, page, &held), 0);
    CHECK_EQ(held, page);
    CHECK_EQ(page->count, 2);
    CHECK_EQ(page_store_find(&store, 5)->page, page);
    page_drop(held);
    page_store_clear(&store);
    vm_object_drop(object);
    end();
}

/* Whether all entries of a page were found is known, and how many were replaced. */
TEST(the_entries_of_a_page_are_counted_if_all_are_found)
{
    enum { CROWD = 1200 }; /* more than a walk looks at */
    static struct lineage *crowd[CROWD];
    begin(4);
    struct mm *mm = host_mm_new();

    mm_publish(mm);
    host_map(mm, VA, 1, VM_READ | VM_WRITE, NULL);
    host_write(mm, VA, 0x11);
    struct page *page = host_frame(mm, VA);
    CHECK_EQ(rmap_count_all(page), 1);
    page_hold(page); /* as for an entry that is to be found last */
    for (size_t i = 0; i < CROWD; i++)
        CHECK_EQ(lineage_new(mm->lineage, &crowd[i]), 0);
    CHECK_EQ(rmap_count_all(page), 0);
    for (size_t i = 0; i < CROWD; i++)
        lineage_drop(crowd[i]);
    CHECK_EQ(rmap_count_all(page), 1);
    CHECK_EQ(rmap_replace(page, 0), 1);
    CHECK_EQ(page->count, 1);
    page_drop(page);
    host_mm_drop(mm);
    end();
}

/* Pages go out until enough neighbours are free, each page once. */
TEST(a_block_is_made_of_frames_whose_pages_go_out)
{
    enum { PAGES = 8 };
    begin(DISK_PAGES);
    struct mm *mm = host_mm_new();

    mm_publish(mm);
    host_map(mm, VA, PAGES, VM_READ | VM_WRITE, NULL);
    for (uint8_t i = 0; i < PAGES; i++)
        host_write(mm, VA + i * PAGE_SIZE, i);
    host_leave_frames(0);
    struct page *block = page_alloc_block(1, PAGE_OTHER);
    CHECK(block != NULL);
    CHECK(slots_free() <= slots_total() - 2);
    page_drop(block);
    host_give_frames();
    for (uint8_t i = 0; i < PAGES; i++)
        CHECK_EQ(host_read(mm, VA + i * PAGE_SIZE), i);
    host_mm_drop(mm);
    end();
}

/* P24: each failed write costs a slot; eight in a row, and the disk is given up. The last test: bad slots
 * stay. */
TEST(a_disk_is_given_up_after_eight_failed_writes_in_a_row)
{
    static const char given_up[] = "swap: 8 writes failed in a row: nothing is written any more\n";
    begin(DISK_PAGES);
    struct page *page = page_new(0x11);
    size_t slots = slots_free();

    disk_works = false;
    console_clear();
    CHECK_EQ(swap_out(page), 0);
    CHECK_STR_EQ(strchr(console + strlen("swap: slot "), ' '), " cannot be written: not used again\n");
    disk_works = true;
    swap_drop(swap_out(page));
    disk_works = false;
    for (int i = 0; i < 7; i++)
        CHECK_EQ(swap_out(page), 0);
    CHECK(!console_has(given_up)); /* one in between succeeded */
    CHECK_EQ(swap_out(page), 0);
    CHECK(console_has(given_up));
    CHECK_EQ(slots_free(), slots - 9);
    disk_works = true;
    page_drop(page);
    CHECK(swap_ok());
    lineage_drop(lineage);
    host_mm_check_all_back();
}
