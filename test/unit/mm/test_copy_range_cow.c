/* SPDX-License-Identifier: MIT */
/*
 * copy_range_cow.c: the contract, and what only copy-on-write promises.
 */
#include "copy_range_contract.h"
#include "mm/copy_range.h"

TEST(fork_allocates_tables_but_no_pages)
{
    struct mm *parent = parent_new(), *child;
    size_t user = page_owner_count(PAGE_USER), cache = page_owner_count(PAGE_CACHE);

    child = host_mm_dup(parent);
    CHECK_EQ(page_owner_count(PAGE_USER), user);
    CHECK_EQ(page_owner_count(PAGE_CACHE), cache);
    for (size_t i = 0; i < TOUCHED; i++)
        CHECK_EQ(host_frame(child, touched[i].va), host_frame(parent, touched[i].va));
    end(parent, child);
}

TEST(the_first_writer_copies_and_the_last_reuses_the_page)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);
    struct page *page = host_frame(parent, PRIVATE);
    uint64_t taken = page_taken_count();

    CHECK(made_by_other_than((uintptr_t)copy_range));
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_COPY);
    CHECK(made_by_other_than((uintptr_t)mm_fault));
    CHECK(host_frame(child, PRIVATE) != page);
    CHECK_EQ(page_taken_count(), taken + 1);
    CHECK_EQ(mm_fault(parent, PRIVATE, true), MM_REUSE);
    CHECK(made_by_other_than((uintptr_t)mm_fault));
    CHECK_EQ(host_frame(parent, PRIVATE), page);
    CHECK_EQ(page_taken_count(), taken + 1);
    CHECK_EQ(mm_fault(parent, PRIVATE, true), MM_FILL); /* already done when a second thread faults */
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* D21: a copy flushes the translation of the shared page, which a second thread might still use. */
TEST(a_copy_is_seen_at_once)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);

    CHECK_EQ(host_read(child, PRIVATE), 0xAA);
    unsigned flushes = host_flushes;
    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_COPY);
    CHECK_EQ(host_flushes, flushes); /* that page alone is flushed */
    memset(page_to_virt(host_frame(child, PRIVATE)), 0xBB, PAGE_SIZE);
    CHECK_EQ(host_read(child, PRIVATE), 0xBB);
    end(parent, child);
}

/* Or a second thread would fault at a page that it may write. */
TEST(a_page_that_is_writable_again_is_flushed)
{
    struct mm *parent = small_parent_new();

    host_mm_drop(host_mm_dup(parent));
    CHECK_EQ(host_read(parent, PRIVATE), 0xAA);
    CHECK(tlb_find(PRIVATE) != 0);
    unsigned flushes = host_flushes;
    CHECK_EQ(mm_fault(parent, PRIVATE, true), MM_REUSE);
    CHECK_EQ(tlb_find(PRIVATE), 0);
    CHECK_EQ(host_flushes, flushes); /* that page alone is flushed */
    host_mm_drop(parent);
    host_mm_check_all_back();
}

/* An address space that forks. */
static struct mm *forking;
static int writes_at_point;

static void write_what_is_shared(void)
{
    if (writes_at_point != 0 || !pte_cow(*pte_find(forking->pgdir, PRIVATE)))
        return;
    writes_at_point++;
    host_poke(forking, PRIVATE, 0x77);
}

/* D93: at a point of fork another process of the parent's memory runs. What it writes does not reach the
 * child. */
TEST(a_write_at_a_point_is_not_the_childs)
{
    struct mm *parent = parent_new(), *child;
    uint8_t before = host_read(parent, PRIVATE);

    host_poke(parent, PRIVATE, before); /* so the TLB has a writable translation */
    forking = parent;
    writes_at_point = 0;
    host_points_begin(write_what_is_shared, 0);
    child = host_mm_dup(parent);
    host_points_end();
    CHECK_EQ(writes_at_point, 1);
    CHECK_EQ(host_read(child, PRIVATE), before);
    CHECK_EQ(host_read(parent, PRIVATE), 0x77);
    end(parent, child);
}

/* D93: it copies one page table, and no more. */
TEST(a_process_that_was_killed_does_not_finish_its_copy)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent), *other = host_mm_new();

    points_left = 0;
    host_points_begin(die_at_point, 0);
    CHECK_EQ(copy_range(other, parent, PRIVATE, PRIVATE + 5 * PAGE_SIZE, VM_READ | VM_WRITE), -E_KILLED);
    host_points_end();
    CHECK(pte_find(other->pgdir, PRIVATE) != NULL);
    CHECK(pte_find(other->pgdir, PRIVATE + 4 * PAGE_SIZE) == NULL);
    pgtable_drop(other->pgdir, PRIVATE, PRIVATE + 5 * PAGE_SIZE);
    host_mm_drop(other);
    end(parent, child);
}

/* D06: no frame for the copy. */
TEST(a_write_without_memory_changes_nothing)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);

    host_leave_frames(0);
    CHECK_EQ(host_failure(child, PRIVATE, true), MM_OOM);
    CHECK_EQ(host_failure(parent, PRIVATE, true), MM_OOM);
    CHECK_EQ(host_read(child, PRIVATE), 0xAA);
    check_world((struct mm *[]){parent, child}, 2);
    host_give_frames();
    host_write(child, PRIVATE, 0x01);
    CHECK_EQ(host_read(parent, PRIVATE), 0xAA);
    end(parent, child);
}

/* D77 */
TEST(the_last_of_three_hundred_sharers_reuses_the_page)
{
    static struct mm *all[301];
    struct page *page;

    all[0] = small_parent_new();
    page = host_frame(all[0], PRIVATE);
    for (size_t i = 1; i < ARRAY_SIZE(all); i++)
        all[i] = host_mm_dup(all[0]);
    CHECK_EQ(page->count, 301);
    for (size_t i = 1; i < ARRAY_SIZE(all); i++)
        host_mm_drop(all[i]);
    CHECK_EQ(page->count, 1);
    CHECK_EQ(mm_fault(all[0], PRIVATE, true), MM_REUSE);
    host_mm_drop(all[0]);
    host_mm_check_all_back();
}

/* What lost the right to be written may still be in the TLB: checks ask for a flush. */
TEST(a_fork_that_takes_rights_away_says_so)
{
    struct mm *parent = small_parent_new(), *child = host_mm_new();

    host_map(child, PRIVATE, 1, VM_READ | VM_WRITE, NULL);
    cow_flushes_then = mmu_flushes - 1;
    CHECK_EQ(copy_range(child, parent, PRIVATE, PRIVATE + PAGE_SIZE, VM_READ | VM_WRITE), 0);
    CHECK(!cow_flushed());
    mmu_flush_all();
    CHECK(cow_flushed());
    end(parent, child);
}

/* Most of a table was never used, and a fork does not look there: not even at an entry that should not be
 * there. */
TEST(a_fork_copies_what_is_in_use)
{
    struct mm *parent = small_parent_new(), *child;

    host_map(parent, MANY, 600, VM_READ | VM_WRITE, NULL);
    host_write(parent, MANY + 200 * PAGE_SIZE, 0x11);
    host_write(parent, MANY + 300 * PAGE_SIZE, 0x22);
    pte_t *entries = pte_find(parent->pgdir, MANY);
    entries[100] = entries[500] = entries[200];
    child = host_mm_dup(parent);
    const pte_t *copies = pte_find(child->pgdir, MANY);
    CHECK(copies[100] == 0 && copies[500] == 0);
    CHECK(copies[200] == entries[200] && copies[300] == entries[300]);
    entries[100] = entries[500] = 0;
    end(parent, child);
}
