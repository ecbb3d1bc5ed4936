/* SPDX-License-Identifier: MIT */
/*
 * copy_range_cow.c with tables_shared.c: the contract, and what only shared page tables promise.
 */
#define FORK_FRAMES 3 /* a directory, the table of SHARED and a slab of regions */
#include "copy_range_contract.h"
#include "mm/copy_range.h"

/* Whether both have the same table for `va`. */
static bool one_table(struct mm *a, struct mm *b, uintptr_t va)
{
    pte_t *table = pte_find(a->pgdir, va);

    CHECK(table != NULL);
    return table == pte_find(b->pgdir, va);
}

/* P29, P10: a table is shared, unless it maps shared memory. */
TEST(fork_allocates_no_tables)
{
    struct mm *parent = parent_new(), *child;
    size_t frames = page_owner_count(PAGE_PGTABLE);

    ledger_mark(); /* no table in a cache */
    child = host_mm_dup(parent);
    CHECK_EQ(page_owner_count(PAGE_PGTABLE), frames + 2); /* the directory, and the table of SHARED */
    for (size_t i = 0; i < TOUCHED; i++)
        CHECK_EQ(one_table(parent, child, touched[i].va), !touched[i].shared);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* P30, P31: the first writer copies the table, and the last takes it back. */
TEST(the_first_writer_copies_the_table)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);
    uint64_t taken;

    CHECK_EQ(mm_fault(child, PRIVATE, true), MM_COPY);
    CHECK(!one_table(parent, child, PRIVATE));
    CHECK(!one_table(parent, child, TEXT)); /* the same table */
    CHECK(one_table(parent, child, PRIVATE + 2 * PAGE_SIZE));
    CHECK(pte_cow(*pte_find(parent->pgdir, PRIVATE)) && pte_cow(*pte_find(child->pgdir, DATA)));
    check_world((struct mm *[]){parent, child}, 2);
    host_mm_drop(child);
    taken = page_taken_count();
    for (size_t i = 0; i < TOUCHED; i++) {
        if (touched[i].writable)
            host_write(parent, touched[i].va, 1);
    }
    CHECK_EQ(page_taken_count(), taken);
    check_world(&parent, 1);
    host_mm_drop(parent);
    host_mm_check_all_back();
}

/* P31: no entry was ever changed: the write only gets its table back. */
TEST(a_table_comes_back_whole)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);
    pte_t pte = *pte_find(parent->pgdir, PRIVATE);

    CHECK(made_by_other_than((uintptr_t)copy_range));

    host_mm_drop(child);
    CHECK_EQ(mm_fault(parent, PRIVATE, true), MM_REUSE);
    CHECK_EQ(*pte_find(parent->pgdir, PRIVATE), pte);
    CHECK_EQ(mm_fault(parent, PRIVATE, true), MM_FILL); /* already done when a second thread faults */
    host_mm_drop(parent);
    host_mm_check_all_back();
}

/* D21: the parent may have translations that permit writes: checks ask for a flush. */
TEST(a_table_that_is_shared_may_no_longer_be_written_below)
{
    struct mm *parent = small_parent_new(), *child = host_mm_new();

    host_map(child, PRIVATE, 1, VM_READ | VM_WRITE, NULL);
    cow_flushes_then = mmu_flushes - 1;
    CHECK(tables_share(child->pgdir, parent->pgdir, PRIVATE));
    CHECK(!cow_flushed());
    mmu_flush_all();
    CHECK(tables_share(child->pgdir, parent->pgdir, PRIVATE)); /* it is already: as for another region */
    CHECK(cow_flushed());
    end(parent, child);
}

/* D21: a second thread has read a page of the table, so its TLB knows the old frame. */
TEST(a_table_copy_is_seen_at_once)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    CHECK_EQ(host_read(child, PRIVATE), 0x13);
    CHECK_EQ(host_read(child, DATA), 0x12);
    host_write(child, DATA, 0x77);
    host_write(parent, PRIVATE, 0x78);
    CHECK_EQ(host_read(child, PRIVATE), 0x13);
    CHECK_EQ(host_read(child, DATA), 0x77);
    end(parent, child);
}

/* D21: the directory's entry changes, so the CPU may use neither what it cached of the old table, nor the
 * rights that the entry had. */
TEST(a_table_of_its_own_is_flushed)
{
    for (int sole = 0; sole < 2; sole++) {
        struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);

        if (sole)
            host_mm_drop(child);
        CHECK_EQ(host_read(parent, PRIVATE), 0xAA);
        CHECK(tlb_find(PRIVATE) != 0);
        CHECK_EQ(pgtable_own(parent->pgdir, PRIVATE), 1);
        CHECK_EQ(tlb_find(PRIVATE), 0);
        if (!sole)
            host_mm_drop(child);
        host_mm_drop(parent);
        host_mm_check_all_back();
    }
}

/* A read that maps a page changes the table, too. */
TEST(a_first_access_is_the_readers_own)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    CHECK_EQ(host_read(child, PRIVATE + 3 * PAGE_SIZE), 0);
    CHECK(!one_table(parent, child, PRIVATE + 3 * PAGE_SIZE));
    CHECK_EQ(*pte_find(parent->pgdir, PRIVATE + 3 * PAGE_SIZE), 0);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* What eviction does to a page of a program: the entry becomes empty, and the image keeps the page. */
static void forget(struct mm *mm, uintptr_t va)
{
    struct page *page = host_frame(mm, va);

    pgtable_remove(pte_find(mm->pgdir, va));
    mmu_flush_page(va);
    page_drop(page);
}

/* P35, D06: a program goes on when its text was evicted and there is no frame for a copy of the table. */
TEST(a_page_of_a_program_comes_for_all_that_have_the_table)
{
    struct mm *parent = parent_new(), *child, *grandchild;
    uint8_t byte = host_read(parent, TEXT);

    forget(parent, TEXT);
    child = host_mm_dup(parent);
    grandchild = host_mm_dup(child);
    host_leave_frames(0);
    CHECK_EQ(mm_fault(child, TEXT, false), MM_FILL);
    CHECK(one_table(parent, child, TEXT) && one_table(parent, grandchild, TEXT));
    CHECK_EQ(host_frame(parent, TEXT)->count, 2); /* the image, and one entry for three address spaces */
    CHECK_EQ(host_failure(child, TEXT, true), MM_SEGV);
    CHECK_EQ(host_failure(child, DATA, true), MM_OOM);
    CHECK_EQ(host_read(parent, TEXT), byte);
    check_world((struct mm *[]){parent, child, grandchild}, 3);
    host_give_frames();
    host_mm_drop(grandchild);
    CHECK_EQ(mm_munmap(child, TEXT, PAGE_SIZE), 0); /* in a table of its own */
    CHECK_EQ(host_read(parent, TEXT), byte);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* A shared table without entries is shared by a fork, too: later it gets a page for all that have it. */
TEST(a_shared_table_that_is_empty_is_shared_on)
{
    struct mm *parent, *child, *grandchild;

    host_mm_start();
    parent = host_mm_new();
    map_image(parent);
    host_read(parent, TEXT);
    child = host_mm_dup(parent);
    forget(parent, TEXT);
    grandchild = host_mm_dup(child);
    CHECK_EQ(mm_fault(parent, TEXT, false), MM_FILL);
    CHECK(one_table(child, grandchild, TEXT));
    CHECK_EQ(mm_page_count(grandchild), mm_page_count(child));
    check_world((struct mm *[]){parent, child, grandchild}, 3);
    host_mm_drop(grandchild);
    end(parent, child);
}

/* Later each side gets its own: nothing would be saved. */
TEST(an_empty_table_is_not_shared)
{
    struct mm *parent = small_parent_new(), *child;

    forget(parent, PRIVATE);
    child = host_mm_dup(parent);
    CHECK_EQ(pte_find(child->pgdir, PRIVATE), NULL);
    CHECK(pgdir_permits_writes(parent->pgdir, PRIVATE));
    end(parent, child);
}

/* D06: no frame for the table's copy, or for the page's. */
TEST(a_write_without_memory_for_its_table_changes_nothing)
{
    for (size_t frames = 0; frames < 2; frames++) {
        struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);

        host_leave_frames(frames);
        CHECK_EQ(host_failure(child, PRIVATE, true), MM_OOM);
        CHECK_EQ(host_read(child, PRIVATE), 0xAA);
        check_world((struct mm *[]){parent, child}, 2);
        host_give_frames();
        host_write(child, PRIVATE, 0x01);
        CHECK_EQ(host_read(parent, PRIVATE), 0xAA);
        end(parent, child);
    }
}

/* munmap() in a shared table, of a region's part or of one of its regions, needs a copy of the table. */
TEST(unmapping_a_part_may_fail_and_changes_nothing)
{
    const uintptr_t parts[] = {PRIVATE, DATA, MANY + 2 * PAGE_SIZE};
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t n = child->vmas.n;
        uint8_t byte = host_read(child, parts[i]);

        host_leave_frames(0);
        CHECK_EQ(mm_munmap(child, parts[i], PAGE_SIZE), -E_NO_MEM);
        CHECK_EQ((int)mm_mmap(child, parts[i], PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
                 -E_NO_MEM);
        CHECK_EQ(child->vmas.n, n);
        CHECK_EQ(host_read(child, parts[i]), byte);
        CHECK(one_table(parent, child, parts[i]));
        check_world((struct mm *[]){parent, child}, 2);
        host_give_frames();
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        uint8_t byte = host_read(parent, parts[i]);

        CHECK_EQ(mm_munmap(child, parts[i], PAGE_SIZE), 0);
        CHECK_EQ(host_failure(child, parts[i], false), MM_SEGV);
        CHECK_EQ(host_read(parent, parts[i]), byte);
    }
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

static int dies_at, points_at;

/* The process learns at one point, and no other, that it was killed. */
static void die_once(void)
{
    host_point_result = points_at++ == dies_at ? -E_KILLED : 0;
}

/* D93: whichever point it is, the fork ends there. */
TEST(no_point_of_a_fork_is_ignored)
{
    struct mm *parent = parent_new(), *child;
    int points, error;

    points = 2 * (int)parent->vmas.n; /* the regions are copied, and then their pages */
    for (dies_at = -1, child = NULL; child == NULL;) {
        dies_at++;
        points_at = 0;
        host_points_begin(die_once, 0);
        child = mm_dup(parent, &error);
        host_points_end();
        CHECK_EQ(error, child != NULL ? 0 : -E_KILLED);
    }
    CHECK(dies_at >= points);
    end(parent, host_locked(child));
}

/* Nothing is replaced, so no entry changes. */
TEST(a_mapping_where_nothing_was_leaves_its_table_shared)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent);
    uintptr_t free = PRIVATE - 8 * PAGE_SIZE;

    CHECK_EQ(mm_mmap(child, free, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), free);
    CHECK(one_table(parent, child, free));
    CHECK_EQ(mm_mmap(child, free, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED), free);
    CHECK(!one_table(parent, child, free));
    end(parent, child);
}

/* D06: the object of a mapping that cannot be made is gone, too. */
TEST(shared_memory_over_a_part_may_fail_and_leaves_no_object)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);
    size_t used = kmem_used_bytes();

    host_leave_frames(0);
    CHECK_EQ((int)mm_mmap(child, PRIVATE, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
             -E_NO_MEM);
    host_shrink();
    CHECK_EQ(kmem_used_bytes(), used);
    host_give_frames();
    end(parent, child);
}

/* The range begins in one shared table and ends in another: both are needed before anything changes. */
TEST(unmapping_across_tables_changes_all_or_nothing)
{
    struct mm *parent = parent_new(), *child;

    host_map(parent, PRIVATE + 5 * PAGE_SIZE, 1, VM_READ, NULL); /* the second table has another region */
    child = host_mm_dup(parent);
    host_leave_frames(1);
    CHECK_EQ(mm_munmap(child, PRIVATE, 5 * PAGE_SIZE), -E_NO_MEM);
    CHECK_EQ(host_read(child, PRIVATE), 0x13);
    CHECK_EQ(host_read(child, PRIVATE + 2 * PAGE_SIZE), 0x15);
    check_world((struct mm *[]){parent, child}, 2);
    host_give_frames();
    CHECK_EQ(mm_munmap(child, PRIVATE, 5 * PAGE_SIZE), 0);
    CHECK_EQ(host_failure(child, PRIVATE, false), MM_SEGV);
    CHECK_EQ(host_read(parent, PRIVATE), 0x13);
    check_world((struct mm *[]){parent, child}, 2);
    end(parent, child);
}

/* P32: a table that nothing else needs is dropped whole, and that needs no memory. */
TEST(unmapping_all_of_a_table_needs_no_memory)
{
    struct mm *parent = parent_new(), *child = host_mm_dup(parent);
    size_t free;

    host_leave_frames(0);
    free = page_free_count();
    CHECK_EQ(mm_munmap(child, MANY, 2 * MANY_REGIONS * PAGE_SIZE), 0);
    CHECK_EQ(mm_munmap(child, READ_ONLY, PAGE_SIZE), 0);
    CHECK_EQ(pte_find(child->pgdir, MANY), NULL);
    CHECK(page_free_count() >= free); /* the regions' slabs may become free */
    check_world((struct mm *[]){parent, child}, 2);
    CHECK_EQ(host_read(parent, MANY), 0x1A);
    host_mm_drop(child); /* nor does an exit */
    host_give_frames();
    check_world(&parent, 1);
    host_mm_drop(parent);
    host_mm_check_all_back();
}

/* A region of shared memory in the span of a shared table: its pages are in the own table of each side. */
TEST(shared_memory_may_come_into_the_span_of_a_shared_table)
{
    struct mm *parent = small_parent_new(), *child = host_mm_dup(parent), *grandchild;
    uintptr_t va = PRIVATE - 16 * PAGE_SIZE;

    host_map(child, va, 2, VM_READ | VM_WRITE | VM_SHARED, shmem_new(child->lineage));
    host_write(child, va, 0x51);
    CHECK(!one_table(parent, child, PRIVATE));
    grandchild = host_mm_dup(child);
    CHECK(!one_table(child, grandchild, PRIVATE));
    host_write(grandchild, va, 0x52);
    host_write(grandchild, va + PAGE_SIZE, 0x53);
    CHECK_EQ(host_read(child, va), 0x52);
    CHECK_EQ(host_read(child, va + PAGE_SIZE), 0x53);
    check_world((struct mm *[]){parent, child, grandchild}, 3);
    host_mm_drop(grandchild);
    end(parent, child);
}

/* The sharers end in every order. */
TEST(three_sharers_end_in_any_order)
{
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        struct mm *mms[3] = {small_parent_new()};

        mms[1] = host_mm_dup(mms[0]);
        mms[2] = host_mm_dup(mms[1]);
        for (size_t n = 0; n < 3; n++) {
            CHECK_EQ(host_read(mms[orders[i][n]], PRIVATE), 0xAA);
            host_mm_drop(mms[orders[i][n]]);
        }
        host_mm_check_all_back();
    }
}
