/* SPDX-License-Identifier: MIT */
/*
 * mprotect.c: rights of regions and of what is mapped there, and bits that no program may set.
 */
#define FORK_FRAMES 3 /* as in test_copy_range_tables.c */
#include "copy_range_contract.h"

#define PROT_SEM 8u
#define RW (VM_READ | VM_WRITE)

/* The flags of the region at `va`, which is `pages` pages from `start`. */
static uint32_t region(struct mm *mm, uintptr_t va, uintptr_t start, size_t pages)
{
    const struct vma *vma = vma_at(&mm->vmas, va);
    CHECK(vma != NULL);
    CHECK_EQ(vma->start, start);
    CHECK_EQ(vma->end, start + pages * PAGE_SIZE);
    return vma->flags;
}

static struct mm *mm;

static void start(void)
{
    mm = parent_new();
}

static void finish(void)
{
    check_world(&mm, 1);
    host_mm_drop(mm);
    host_mm_check_all_back();
}

TEST(rights_are_taken_and_given_back)
{
    start();
    uint8_t byte = host_read(mm, PRIVATE);
    host_poke(mm, PRIVATE, byte); /* so the TLB has a writable translation */
    cow_site = 0;
    CHECK_EQ(mm_protect(mm, PRIVATE, 5 * PAGE_SIZE, PROT_READ), 0);
    CHECK(made_by_other_than((uintptr_t)mm_fault));
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 5), VM_READ);
    CHECK_EQ(host_failure(mm, PRIVATE, true), MM_SEGV);
    CHECK_EQ(host_read(mm, PRIVATE), byte);
    CHECK_EQ(mm_protect(mm, PRIVATE, 5 * PAGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 5), 0);
    CHECK_EQ(host_failure(mm, PRIVATE, false), MM_SEGV);
    CHECK_EQ(host_failure(mm, PRIVATE + 3 * PAGE_SIZE, false), MM_SEGV); /* never touched */
    CHECK_EQ(mm_protect(mm, PRIVATE, 5 * PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 5), RW | VM_EXEC);
    CHECK_EQ(host_read(mm, PRIVATE), byte);
    host_poke(mm, PRIVATE, 7);
    CHECK_EQ(host_read(mm, PRIVATE), 7);
    finish();
}

/* The rights of the entry for `va`. */
static pte_t rights(struct mm *of, uintptr_t va)
{
    return *pte_find(of->pgdir, va) & (PTE_P | PTE_W | PTE_COW | PTE_HIDDEN);
}

/* From each to each, as the table in mprotect.c says. A private page becomes writable when it is written. */
TEST(the_entry_has_the_rights_of_its_region)
{
    static const struct {
        unsigned prot;
        pte_t private, shared;
    } states[] = {
        {PROT_READ, PTE_P, PTE_P},
        {PROT_EXEC, PTE_P, PTE_P},
        {PROT_NONE, PTE_HIDDEN, PTE_HIDDEN},
        {PROT_WRITE, CONFIG_COW ? PTE_P | PTE_COW : PTE_P | PTE_W, PTE_P | PTE_W},
    };
    start();
    for (size_t from = 0; from < ARRAY_SIZE(states); from++) {
        for (size_t to = 0; to < ARRAY_SIZE(states); to++) {
            for (int written = 0; written < 2; written++) {
                CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, states[from].prot), 0);
                CHECK_EQ(mm_protect(mm, SHARED, PAGE_SIZE, states[from].prot), 0);
                if (written && pte_cow(rights(mm, PRIVATE)))
                    mm_fault(mm, PRIVATE, true);
                CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, states[to].prot), 0);
                CHECK_EQ(mm_protect(mm, SHARED, PAGE_SIZE, states[to].prot), 0);
                if (from != to)
                    CHECK_EQ(rights(mm, PRIVATE), states[to].private);
                CHECK_EQ(rights(mm, SHARED), states[to].shared);
                check_world(&mm, 1);
            }
        }
    }
    CHECK_EQ(mm_protect(mm, SHARED, PAGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(host_failure(mm, SHARED, false), MM_SEGV);
    finish();
}

/* Entries do not tell reading from executing: no entry is visited, and nothing is flushed. */
TEST(only_what_entries_say_needs_a_flush)
{
    static const struct {
        unsigned from, to;
        bool flushes;
    } cases[] = {
        {PROT_READ, PROT_EXEC, false},
        {PROT_READ, PROT_READ | PROT_EXEC, false},
        {PROT_READ | PROT_WRITE, PROT_WRITE, false},
        {PROT_READ, PROT_NONE, true},
        {PROT_NONE, PROT_EXEC, true},
        {PROT_READ, PROT_READ | PROT_WRITE, true},
        {PROT_READ | PROT_WRITE, PROT_READ, true},
    };
    start();
    mmu_load(mm->pgdir);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, cases[i].from), 0);
        unsigned flushes = host_flushes;
        CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, cases[i].to), 0);
        CHECK_EQ(host_flushes - flushes, cases[i].flushes);
    }
    mmu_load(&kernel_pgdir);
    unsigned flushes = host_flushes;
    CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, PROT_NONE), 0); /* of memory that is not loaded */
    CHECK_EQ(host_flushes, flushes);
    finish();
}

/* D93: there may be thousands, and no entry in any of them. */
TEST(others_run_after_each_region)
{
    start();
    CHECK_EQ(mm_protect(mm, MANY, MANY_REGIONS * PAGE_SIZE, PROT_READ), -E_NO_MEM); /* with gaps */
    points_passed = 0;
    host_points_begin(count_a_point, 0);
    CHECK_EQ(mm_protect(mm, PRIVATE, 5 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0); /* as it was */
    host_points_end();
    CHECK_EQ(points_passed, 1);
    finish();
}

TEST(others_run_after_each_page_table)
{
    enum { TABLES = 3 };
    start();
    host_map(mm, 0x10000000, TABLES * MMU_TABLE_SPAN / PAGE_SIZE, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < TABLES; i++)
        host_write(mm, 0x10000000 + i * MMU_TABLE_SPAN, 0x11);
    points_passed = 0;
    host_points_begin(count_a_point, 0);
    CHECK_EQ(mm_protect(mm, 0x10000000, TABLES * MMU_TABLE_SPAN, PROT_READ), 0);
    host_points_end();
    CHECK_EQ(points_passed, 2 * TABLES + 2); /* each is made one's own, and changed; the region, twice */
    finish();
}

TEST(a_part_becomes_a_region)
{
    start();
    CHECK_EQ(mm_protect(mm, PRIVATE + PAGE_SIZE, PAGE_SIZE + 1, PROT_READ), 0);
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 1), RW);
    CHECK_EQ(region(mm, PRIVATE + PAGE_SIZE, PRIVATE + PAGE_SIZE, 2), VM_READ);
    CHECK_EQ(region(mm, PRIVATE + 3 * PAGE_SIZE, PRIVATE + 3 * PAGE_SIZE, 2), RW);
    CHECK_EQ(host_failure(mm, PRIVATE + 2 * PAGE_SIZE, true), MM_SEGV);
    host_poke(mm, PRIVATE, 1);
    host_poke(mm, PRIVATE + 3 * PAGE_SIZE, 1);
    CHECK_EQ(mm_protect(mm, PRIVATE, 5 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    host_poke(mm, PRIVATE + 2 * PAGE_SIZE, 1);
    finish();
}

TEST(without_the_right_to_write_pages_stay_shared)
{
    start();
    struct mm *child = host_mm_dup(mm);
    CHECK_EQ(mm_protect(child, READ_ONLY, PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(host_frame(child, READ_ONLY), host_frame(mm, READ_ONLY));
    check_world((struct mm *[]){mm, child}, 2);
    host_mm_drop(child);
    finish();
}

TEST(private_memory_stays_private_and_shared_stays_shared)
{
    start();
    CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, PROT_READ | PROT_SEM), 0);
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 1), VM_READ);
    CHECK_EQ(mm_protect(mm, SHARED, 3 * PAGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(region(mm, SHARED, SHARED, 3), VM_SHARED);
    CHECK_EQ(mm_protect(mm, SHARED, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_SEM), 0);
    CHECK_EQ(region(mm, SHARED, SHARED, 3), RW | VM_SHARED);
    const struct page *page = host_frame(mm, SHARED);
    CHECK_EQ(mm_protect(mm, SHARED, 3 * PAGE_SIZE, PROT_READ), 0); /* the pages stay mapped */
    CHECK_EQ(mm_protect(mm, SHARED, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(host_frame(mm, SHARED), page);
    struct mm *child = host_mm_dup(mm);
    host_poke(child, SHARED, 0x5A);
    host_poke(child, PRIVATE + PAGE_SIZE, 0x5A);
    CHECK_EQ(host_read(mm, SHARED), 0x5A);
    CHECK(host_read(mm, PRIVATE + PAGE_SIZE) != 0x5A);
    host_mm_drop(child);
    finish();
}

/* D21, D79: what a parent and a child share is copied before one of them may write to it. */
TEST(a_shared_page_is_not_made_writable)
{
    start();
    struct mm *child = host_mm_dup(mm);
    uint8_t byte = host_read(mm, PRIVATE);
    CHECK_EQ(mm_protect(child, PRIVATE, 5 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mm_protect(child, PRIVATE, 5 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    host_poke(child, PRIVATE, (uint8_t)(byte + 1));
    CHECK_EQ(host_read(mm, PRIVATE), byte);
    CHECK_EQ(host_read(child, PRIVATE), (uint8_t)(byte + 1));
    check_world((struct mm *[]){mm, child}, 2);
    host_mm_drop(child);
    finish();
}

/* In whichever table of the range. */
TEST(all_tables_of_a_range_become_ones_own)
{
    enum { TABLES = 3 };
    start();
    host_map(mm, 0x10000000, TABLES * PGTABLE_ENTRIES, RW, NULL);
    for (size_t i = 0; i < TABLES; i++)
        host_write(mm, 0x10000000 + i * MMU_TABLE_SPAN, 0x11);
    struct mm *child = host_mm_dup(mm);
    CHECK_EQ(mm_protect(child, 0x10000000, TABLES * MMU_TABLE_SPAN, PROT_NONE), 0);
    for (size_t i = 0; i < TABLES; i++) {
        uintptr_t va = 0x10000000 + i * MMU_TABLE_SPAN;
        CHECK_EQ(rights(child, va), PTE_HIDDEN);
        CHECK_EQ(rights(mm, va) & PTE_P, PTE_P);
        host_poke(mm, va, 0x22);
    }
    check_world((struct mm *[]){mm, child}, 2);
    host_mm_drop(child);
    finish();
}

/* Pages of a program are cached: a process that may write to them has its own. */
TEST(text_that_becomes_writable_is_ones_own)
{
    start();
    struct mm *child = host_mm_dup(mm);
    uint8_t byte = host_read(mm, TEXT);
    struct page *page = host_frame(mm, TEXT);
    CHECK_EQ(mm_protect(child, TEXT, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    host_poke(child, TEXT, (uint8_t)(byte + 1));
    CHECK(host_frame(child, TEXT) != page);
    CHECK_EQ(host_read(mm, TEXT), byte);
    CHECK_EQ(host_frame(mm, TEXT), page);
    check_world((struct mm *[]){mm, child}, 2);
    host_mm_drop(child);
    finish();
}

TEST(text_that_becomes_readable_again_is_still_shared)
{
    start();
    struct page *page = host_frame(mm, TEXT);
    CHECK_EQ(mm_protect(mm, TEXT, 2 * PAGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(mm_protect(mm, TEXT, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(host_frame(mm, TEXT), page);
    finish();
}

TEST(what_is_no_range_is_refused)
{
    start();
    CHECK_EQ(mm_protect(mm, PRIVATE + 1, PAGE_SIZE, PROT_READ), -E_INVAL);
    CHECK_EQ(mm_protect(mm, PRIVATE + 1, 0, PROT_READ), -E_INVAL);
    CHECK_EQ(mm_protect(mm, PRIVATE, 0, PROT_NONE), 0);
    CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, 16), -E_INVAL);
    CHECK_EQ(mm_protect(mm, PRIVATE, PAGE_SIZE, PROT_READ | 32), -E_INVAL);
    CHECK_EQ(mm_protect(mm, USERTOP, PAGE_SIZE, PROT_READ), -E_NO_MEM);
    CHECK_EQ(mm_protect(mm, USERTOP - PAGE_SIZE, PAGE_SIZE + 1, PROT_READ), -E_NO_MEM);
    CHECK_EQ(mm_protect(mm, PRIVATE, UINT32_MAX, PROT_READ), -E_NO_MEM);
    CHECK_EQ(mm_protect(mm, 0x0A000000, PAGE_SIZE, PROT_READ), -E_NO_MEM);
    CHECK_EQ(region(mm, PRIVATE, PRIVATE, 5), RW);
    CHECK_EQ(mm_protect(mm, PRIVATE + 4 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ),
             -E_NO_MEM); /* up to the gap */
    CHECK_EQ(region(mm, PRIVATE + 4 * PAGE_SIZE, PRIVATE + 4 * PAGE_SIZE, 1), VM_READ);
    finish();
}

/* D06 */
TEST(without_memory_nothing_changes)
{
    start();
    struct mm *child = host_mm_dup(mm);
    ledger_mark();
    host_leave_frames(0);
    CHECK_EQ(mm_protect(child, TEXT, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE), -E_NO_MEM);
    host_give_frames();
    CHECK_EQ(region(child, TEXT, TEXT, 2), VM_READ | VM_EXEC);
    CHECK_EQ(host_failure(child, TEXT, true), MM_SEGV);
    check_world((struct mm *[]){mm, child}, 2);
    host_mm_drop(child);
    finish();
}
