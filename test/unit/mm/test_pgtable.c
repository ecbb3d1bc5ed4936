/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c, mm_stats.c: the caches of tables, which part of a table is scanned, and how many pages of which
 * kind an address space has.
 */
#include <ucow/errno.h>

#include "host_mm.h"
#include "mm/image.h"
#include "mm/shmem.h"

#define AT 0x10000000u
#define TEXT 0x00800000u
#define SHARED 0x02000000u
#define RW (VM_READ | VM_WRITE)
#define CACHED 16 /* tables, and directories, that are kept */

static struct mm *mm;

static void start(void)
{
    host_mm_start();
    mm = host_mm_new();
}

static void finish(void)
{
    host_mm_drop(mm);
    host_mm_check_all_back();
}

/* Its kernel half is the same in all: it is not written again. */
TEST(a_directory_that_was_used_needs_no_work)
{
    host_mm_start();
    kernel_pgdir.entries[1023] = 0x1000;
    struct pgdir *pgdir = pgtable_new();
    CHECK_EQ(pgdir->entries[1023], 0x1000);
    pgtable_free(pgdir);
    kernel_pgdir.entries[1023] = 0;
    CHECK_EQ(pgtable_new(), pgdir);
    CHECK_EQ(pgdir->entries[1023], 0x1000);
    pgtable_free(pgdir);
    host_shrink();
    pgdir = pgtable_new(); /* a new one is written */
    CHECK_EQ(pgdir->entries[1023], 0);
    pgtable_free(pgdir);
    host_mm_check_all_back();
}

TEST(a_few_tables_and_directories_are_kept)
{
    struct pgdir *all[CACHED + 3];
    start();
    host_map(mm, AT, (CACHED + 3) * PGTABLE_ENTRIES, RW, NULL);
    for (size_t i = 0; i < CACHED + 3; i++) {
        host_write(mm, AT + i * MMU_TABLE_SPAN, 1);
        all[i] = pgtable_new();
    }
    CHECK_EQ(page_owner_count(PAGE_PGTABLE), 1 + 2 * (CACHED + 3)); /* the directory of mm, too */
    for (size_t i = 0; i < CACHED + 3; i++)
        pgtable_free(all[i]);
    CHECK_EQ(page_owner_count(PAGE_PGTABLE), 1 + CACHED + 3 + CACHED);
    CHECK_EQ(mm_munmap(mm, AT, (CACHED + 3) * MMU_TABLE_SPAN), 0);
    CHECK_EQ(page_owner_count(PAGE_PGTABLE), 1 + 2 * CACHED);
    host_shrink(); /* as before an allocation fails */
    CHECK_EQ(page_owner_count(PAGE_PGTABLE), 1);
    finish();
}

/* Outside of its bounds no entry is in use (pgtable.h). Most of a table is never touched, so nothing looks
 * there: not even at an entry that should not be there. */
TEST(a_scan_visits_only_what_may_be_in_use)
{
    const uintptr_t stray_va[] = {AT + PAGE_SIZE, AT + 900 * PAGE_SIZE};
    struct page_counts counts;
    pte_t *stray[2], value;
    start();
    host_map(mm, AT, PGTABLE_ENTRIES, RW, NULL);
    host_write(mm, AT + 300 * PAGE_SIZE, 1);
    host_write(mm, AT + 400 * PAGE_SIZE, 1);
    value = *pte_find(mm->pgdir, AT + 300 * PAGE_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(stray); i++)
        *(stray[i] = pte_find(mm->pgdir, stray_va[i])) = value;

    CHECK_EQ(mm_count_pages(mm, &counts), 0);
    CHECK_EQ(counts.private, 2);
    CHECK_EQ(mm_protect(mm, AT, MMU_TABLE_SPAN, PROT_READ), 0);
    CHECK(*stray[0] == value && *stray[1] == value);
    CHECK_EQ(mm_protect(mm, AT, MMU_TABLE_SPAN, PROT_READ | PROT_WRITE), 0);
    CHECK(*stray[0] == value && *stray[1] == value);

    struct mm *child = host_mm_dup(mm);
    host_write(child, AT + 300 * PAGE_SIZE, 2); /* in a copy of the table */
    for (size_t i = 0; i < ARRAY_SIZE(stray); i++)
        CHECK_EQ(*pte_find(child->pgdir, stray_va[i]), 0);
    host_mm_drop(child);
    pgtable_own(mm->pgdir, AT);

    pgtable_clear(mm->pgdir, AT, AT + MMU_TABLE_SPAN);
    CHECK(*stray[0] == value && *stray[1] == value);
    for (size_t i = 0; i < ARRAY_SIZE(stray); i++)
        *stray[i] = 0;
    finish();
}

/* Pages of an image, which the kernel reads, and of shared memory are not copied by a fork, whatever it does
 * to the tables. */
TEST(the_pages_of_an_address_space_by_kind)
{
    static const uint8_t program[PAGE_SIZE] = {1};
    struct page_counts counts;
    size_t own;
    start();
    struct image *image = image_new(program);
    image->segments_n = 1;
    image->segments[0] = (struct image_segment){TEXT, PAGE_SIZE, PAGE_SIZE, 0, VM_READ | VM_EXEC};
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
    host_map(mm, SHARED, 2, RW | VM_SHARED, shmem_new(mm->lineage));
    host_map(mm, AT, 8, RW, NULL);
    host_map(mm, AT + MMU_TABLE_SPAN, 8, RW, NULL);
    host_read(mm, TEXT);
    host_write(mm, SHARED, 1);
    host_write(mm, SHARED + PAGE_SIZE, 1);
    for (size_t i = 0; i < 3; i++)
        host_write(mm, AT + 2 * i * PAGE_SIZE, 1);
    host_write(mm, AT + MMU_TABLE_SPAN + 7 * PAGE_SIZE, 1);
    for (int forked = 0; forked < 2; forked++) {
        struct mm *child = forked ? host_mm_dup(mm) : NULL;
        if (forked)
            host_write(child, AT, 2); /* its table, and one page */
        CHECK_EQ(mm_count_pages(mm, &counts), 0);
        CHECK_EQ(counts.cache, 1);
        CHECK_EQ(counts.shared, forked ? 5 : 2);
        CHECK_EQ(counts.private, forked ? 1 : 4);
        CHECK_EQ(counts.swapped, 0);
        CHECK_EQ(mm_page_count(mm), 7);
        CHECK_EQ(mm_count_own_pages(mm, &own), 0);
        CHECK_EQ(own, counts.private);
        if (forked)
            host_mm_drop(child);
    }
    finish();
}

static struct mm *other;
static unsigned entered;

static void read_text_of_other(void)
{
    if (pte_find(other->pgdir, TEXT) != NULL && *pte_find(other->pgdir, TEXT) == 0) {
        CHECK_EQ(mm_fault(other, TEXT, false), MM_FILL);
        entered++;
    }
}

/* At a point of a count, another process of the table enters a page of the program for both. */
TEST(a_shared_table_may_change_while_its_pages_are_counted)
{
    static const uint8_t program[2 * PAGE_SIZE] = {1};
    struct page_counts counts;
    start();
    struct image *image = image_new(program);
    image->segments_n = 2;
    image->segments[0] = (struct image_segment){TEXT, PAGE_SIZE, PAGE_SIZE, 0, VM_READ | VM_EXEC};
    image->segments[1] = (struct image_segment){TEXT + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, RW};
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
    host_write(mm, TEXT + PAGE_SIZE, 1);
    other = host_mm_dup(mm);
    entered = 0;
    host_points_begin(read_text_of_other, 0);
    CHECK_EQ(mm_count_pages(mm, &counts), 0);
    host_points_end();
    CHECK_EQ(entered, 1);
    CHECK_EQ(counts.cache, 0); /* its region had been counted */
    CHECK_EQ(counts.shared, 1);
    CHECK_EQ(mm_page_count(mm), 2);
    host_mm_drop(other);
    finish();
}

TEST(a_new_address_space_is_empty)
{
    host_mm_start();
    mm = mm_new(NULL);
    CHECK_EQ(mm->count, 1);
    CHECK_EQ(mm_users(mm), 1);
    CHECK(!mutex_is_held(&mm->lock));
    CHECK(list_empty(&mm->lock.waiters)); /* no one waits for it */
    CHECK_EQ(vma_first(&mm->vmas), NULL);
    CHECK_EQ(mm_page_count(mm), 0);
    uint32_t drops = mm_drop_count();
    mm_hold(mm);
    mm_drop(mm);
    CHECK_EQ(mm->count, 1);
    CHECK_EQ(mm_drop_count(), drops + 1);
    finish();
    CHECK_EQ(mm_drop_count(), drops + 2);
}

/* Fill all entries of [va, va + bytes) with one frame. */
static void fill(uintptr_t va, size_t bytes)
{
    struct page *page = page_alloc_zero(PAGE_USER);
    for (uintptr_t end = va + bytes; va < end; va += PAGE_SIZE) {
        page_hold(page);
        CHECK_EQ(mm_map_page(mm, va, page, 0), 0);
    }
    page_drop(page);
}

TEST(more_pages_than_16_bits_can_count)
{
    enum { TABLES = 65 };
    struct page_counts counts;
    start();
    host_map(mm, AT, TABLES * PGTABLE_ENTRIES, RW, NULL);
    fill(AT, TABLES * MMU_TABLE_SPAN);
    CHECK_EQ(mm_page_count(mm), TABLES * PGTABLE_ENTRIES);
    CHECK_EQ(mm_count_pages(mm, &counts), 0);
    CHECK_EQ(counts.shared, TABLES * PGTABLE_ENTRIES);
    finish();
}

static unsigned points;

static void count_point(void)
{
    points++;
}

/* D93: to drop the pages of a whole table takes longer than a turn. */
TEST(others_run_while_a_full_table_is_cleared)
{
    enum { AT_ONCE = 256, LEAST = PGTABLE_ENTRIES / AT_ONCE };
    start();
    host_map(mm, AT, 2 * PGTABLE_ENTRIES, RW, NULL);
    fill(AT, MMU_TABLE_SPAN);
    points = 0;
    host_points_begin(count_point, 0);
    pgtable_clear(mm->pgdir, AT, AT + MMU_TABLE_SPAN); /* as a part of a region */
    host_points_end();
    CHECK(points >= LEAST);
    CHECK_EQ(mm_page_count(mm), 0);
    fill(AT, MMU_TABLE_SPAN);
    points = 0;
    host_points_begin(count_point, 0);
    pgtable_drop(mm->pgdir, AT, AT + MMU_TABLE_SPAN); /* with the table */
    host_points_end();
    CHECK(points >= LEAST);
    CHECK_EQ(pte_find(mm->pgdir, AT), NULL);
    finish();
}

/* The CPU may have a translation through a table that goes, or the directory's entry itself. */
TEST(a_table_that_goes_is_flushed_if_it_is_loaded)
{
    for (int loaded = 0; loaded < 2; loaded++) {
        start();
        host_map(mm, AT, 1, RW, NULL);
        host_write(mm, AT, 1);
        if (!loaded)
            mmu_load(&kernel_pgdir);
        unsigned flushes = host_flushes;
        pgtable_drop(mm->pgdir, AT, AT + PAGE_SIZE);
        CHECK_EQ(host_flushes - flushes, loaded);
        finish();
    }
}

TEST(without_memory_there_is_no_table_and_no_directory)
{
    start();
    host_leave_frames(0);
    CHECK_EQ(pgtable_new(), NULL);
    CHECK_EQ(pgtable_entry(mm->pgdir, AT), NULL);
    CHECK_EQ(pgtable_entry_in_place(mm->pgdir, AT), NULL);
    CHECK_EQ(mm_new(NULL), NULL);
    host_give_frames();
    CHECK_EQ(pte_find(mm->pgdir, AT), NULL);
    finish();
}
