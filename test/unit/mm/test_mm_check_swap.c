/* SPDX-License-Identifier: MIT */
/*
 * mm_check.c with swap: who shares the bytes of a page, in memory or on the disk, and which of its references
 * are those of entries.
 */
#include "host_disk.h"
#include "mm/mm_check.h"
#include "mm/rmap.h"
#include "mm/shmem.h"

#define HEAP 0x00C00000u
#define SECOND (HEAP + PAGE_SIZE)
#define SHARED 0x02000000u
#define REHEARSAL(statement)   \
    do {                       \
        check_count_entries(); \
        statement;             \
        cow_countable = 0;     \
    } while (0)

static const struct cow_who parent_who = {2, "parent"}, child_who = {3, "child"};
static struct mm *parent, *child;
static size_t slots;

static void start(void)
{
    host_swap_start();
    slots = host_slots_free();
    parent = host_mm_new();
    mm_publish(parent);
    host_map(parent, HEAP, 3, VM_READ | VM_WRITE, NULL);
    host_map(parent, SHARED, 1, VM_READ | VM_WRITE | VM_SHARED, shmem_new(parent->lineage));
    host_write(parent, HEAP, 0x11);
    host_write(parent, SECOND, 0x12);
    host_write(parent, SHARED, 0x22);
    child = host_mm_dup(parent);
}

static void end(void)
{
    host_mm_drop(child);
    host_mm_drop(parent);
    host_mm_check_all_back();
    CHECK_EQ(host_slots_free(), slots);
}

static pte_t *entry(struct mm *mm, uintptr_t va)
{
    return pte_find(mm->pgdir, va);
}

static void check_fork(void)
{
    mm_check_fork(child, parent, false, parent_who, child_who);
}

/* The pages are in memory for one side, and only on the disk for the other. */
static void bring_back_the_parents(void)
{
    static const uintptr_t pages[] = {HEAP, SECOND};
    for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++) {
        CHECK_EQ(mm_pageout(parent, pages[i], PAGE_SIZE), 1);
        host_read(parent, pages[i]);
        CHECK_EQ(host_frame(parent, pages[i])->count, 1);
        CHECK(pte_swapped(*entry(child, pages[i])));
    }
}

TEST(who_names_the_slot_of_a_page_shares_it)
{
    for (size_t i = 0; i < DISK_PAGES; i++) { /* each has its turn as the slot */
        start();
        bring_back_the_parents();
        mm_check(parent);
        CHECK(i > 1 || PANICS("can write to page 0x00c00000", {
                  *entry(parent, HEAP) |= PTE_W;
                  mm_check(parent);
              }));
        host_write(child, HEAP, 0x33); /* its own copy */
        host_write(parent, HEAP, 0x44);
        mm_check(parent);
        end();
    }
}

/* A search finds entries, but not those that name a slot: so it is not known how many there are. */
TEST(the_references_of_a_page_with_a_slot_are_not_compared)
{
    for (size_t i = 0; i < DISK_PAGES; i++) {
        start();
        bring_back_the_parents();
        REHEARSAL(check_fork());
        host_read(child, HEAP);
        REHEARSAL(check_fork());
        end();
    }
}

TEST(a_reference_to_a_page_without_an_entry_is_reported)
{
    start();
    REHEARSAL(check_fork());
    page_hold(host_frame(parent, HEAP));
    check_fork(); /* it is not the rehearsal */
    CHECK(PANICS("the frame of page 0x00c00000 (a page of a mapping) of pid 2 \"parent\" has 3 references, "
                 "but 2 entries map it",
                 REHEARSAL(check_fork())));
    page_drop(host_frame(parent, HEAP));
    page_hold(host_frame(parent, SHARED));
    CHECK(
        PANICS("the frame of page 0x02000000 (a page of shared memory) of pid 2 \"parent\" has 4 references, "
               "but 3 entries map it",
               REHEARSAL(check_fork())));
    page_drop(host_frame(parent, SHARED));
    end();
}

TEST(a_page_that_only_one_maps_has_one_reference)
{
    start();
    host_write(child, HEAP, 0x11); /* the same bytes in a page of its own */
    REHEARSAL(check_fork());
    page_hold(host_frame(child, HEAP));
    CHECK(PANICS("has 2 references, but 1 entry maps it", REHEARSAL(check_fork())));
    page_drop(host_frame(child, HEAP));
    end();
}

/* A page that is not to be evicted is found by no search. */
TEST(what_cannot_be_searched_is_not_compared)
{
    start();
    host_mm_drop(child);
    CHECK_EQ(mm_map_page(parent, HEAP + 2 * PAGE_SIZE, page_alloc_zero(PAGE_USER), 0), 0);
    child = host_mm_dup(parent);
    REHEARSAL(check_fork());
    end();
}
