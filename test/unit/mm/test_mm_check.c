/* SPDX-License-Identifier: MIT */
/*
 * mm_check.c: what it tells the checks of check/cow.h about regions, faults and forks. test_cow.c has the
 * rules themselves.
 */
#include "mm/mm_check.h"

#include "host_mm.h"
#include "mm/image.h"
#include "mm/shmem.h"

#define TEXT 0x00900000u /* of an image: 1 page, read and execute */
#define DATA 0x00901000u /* of an image: 1 page, private */
#define HEAP 0x00C00000u
#define SHARED 0x02000000u
#define STACK (USERTOP - 4 * PAGE_SIZE)

static const struct cow_who parent_who = {2, "parent"}, child_who = {3, "child"};
static struct mm *parent, *child;

static void map_image(struct mm *mm)
{
    static const uint8_t program[2 * PAGE_SIZE] = {1};
    struct image *image = image_new(program);
    CHECK(image != NULL);
    image->segments_n = 2;
    image->segments[0] = (struct image_segment){TEXT, PAGE_SIZE, PAGE_SIZE, 0, VM_READ | VM_EXEC};
    image->segments[1] = (struct image_segment){DATA, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE};
    CHECK_EQ(image_map(image, mm), 0);
    image_drop(image);
}

/* A parent with a page of everything. */
static void start(void)
{
    static const uintptr_t written[] = {DATA, HEAP, SHARED, STACK};
    host_mm_start();
    parent = host_mm_new();
    map_image(parent);
    host_map(parent, HEAP, 2, VM_READ | VM_WRITE, NULL);
    host_map(parent, SHARED, 1, VM_READ | VM_WRITE | VM_SHARED, shmem_new(parent->lineage));
    host_map(parent, STACK, 4, VM_READ | VM_WRITE, NULL);
    host_read(parent, TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(written); i++)
        host_write(parent, written[i], 0x11);
    child = NULL;
}

static void end(void)
{
    if (child != NULL)
        host_mm_drop(child);
    host_mm_drop(parent);
    host_mm_check_all_back();
}

static pte_t *entry(struct mm *mm, uintptr_t va)
{
    return pte_find(mm->pgdir, va);
}

TEST(a_report_names_the_kind_of_memory)
{
    static const struct {
        uintptr_t va;
        const char *name;
    } kinds[] = {
        {TEXT, "page 0x00900000 (a page of the program's text)"},
        {DATA, "page 0x00901000 (a page of the program's data)"},
        {HEAP, "page 0x00c00000 (a page of a mapping)"},
        {SHARED, "page 0x02000000 (a page of shared memory)"},
        {STACK, "page 0xafffc000 (a page of the stack)"},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        mm_check(parent);
        pte_t *pte = entry(parent, kinds[i].va), right = *pte;
        *pte &= ~PTE_U;
        CHECK(PANICS(kinds[i].name, mm_check(parent)));
        *pte = right;
    }
    end();
}

/* All of it is one memory for both sides, and the object is one more that has the page. */
TEST(shared_memory_is_writable_on_both_sides_of_a_fork)
{
    start();
    child = host_mm_dup(parent);
    CHECK(pte_writable(*entry(parent, SHARED)) && pte_writable(*entry(child, SHARED)));
    mm_check(parent);
    mm_check(child);
    mm_check_fork(child, parent, false, parent_who, child_who);
    CHECK(PANICS("page 0x02000000 (a page of shared memory)", {
        *entry(child, SHARED) = *entry(child, HEAP);
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    end();
}

static unsigned points;

static void count_point(void)
{
    points++;
}

/* D93: a process may have many regions. */
TEST(others_run_after_each_region_that_a_fork_is_checked_for)
{
    start();
    child = host_mm_dup(parent);
    points = 0;
    host_points_begin(count_point, 0);
    mm_check_fork(child, parent, false, parent_who, child_who);
    host_points_end();
    CHECK_EQ(points, parent->vmas.n);
    end();
}

TEST(a_child_has_the_regions_and_the_heap_of_its_parent)
{
    start();
    child = host_mm_dup(parent);
    CHECK(PANICS("the heap of pid 2 \"parent\" ends at ", {
        child->brk++;
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    CHECK(PANICS("but that of its child pid 3 at ", {
        child->brk_start++;
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    CHECK(PANICS("pid 2 \"parent\" has 5 regions, but its child pid 3 has 4", {
        child->vmas.n--;
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    end();
}

/* The rights of a private page are as good as its bytes only if one of both sides has them. */
TEST(the_table_that_one_side_may_write_below_is_found)
{
    start();
    child = host_mm_dup(parent);
    CHECK(pgdir_shares_table(parent->pgdir, child->pgdir, HEAP));
    CHECK(PANICS("page 0x00c00000", {
        child->pgdir->entries[HEAP / MMU_TABLE_SPAN] |= PTE_W;
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    CHECK(PANICS("page 0xafff", { /* in the table of the region's last page */
                                  parent->pgdir->entries[(USERTOP - 1) / MMU_TABLE_SPAN] |= PTE_W;
                                  mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    end();
}

/* The region begins in a table that both share, and ends in one that they do not. */
TEST(all_tables_of_a_region_are_looked_at)
{
    const uintptr_t second = HEAP + MMU_TABLE_SPAN;
    start();
    host_map(parent, HEAP + 2 * PAGE_SIZE, PGTABLE_ENTRIES, VM_READ | VM_WRITE, NULL);
    host_write(parent, second, 0x22);
    child = host_mm_dup(parent);
    CHECK_EQ(pgtable_own(child->pgdir, second), 1);
    mmu_flush_all();
    mm_check_fork(child, parent, false, parent_who, child_who);
    CHECK(PANICS("its child pid 3 \"child\" can write to page 0x01000000", {
        *entry(child, second) |= PTE_W;
        mm_check_fork(child, parent, false, parent_who, child_who);
    }));
    end();
}

static unsigned looks;

static uint32_t count_looks(paddr_t frame)
{
    looks++;
    return phys_to_page(frame)->count;
}

static uint32_t found_none(paddr_t frame)
{
    (void)frame;
    return 0;
}

static const char *a_page(const struct cow_region *region)
{
    (void)region;
    return "memory";
}

/* The checks of each fork and exec take time: a page is looked at once, and below a table that both sides
 * share none is. */
TEST(a_check_looks_at_each_page_once)
{
    enum { PRIVATE_PAGES = 3 };
    start();
    cow_set_mm(count_looks, found_none, a_page);
    looks = 0;
    mm_check(parent);
    CHECK_EQ(looks, PRIVATE_PAGES);
    child = host_mm_dup(parent);
    looks = 0;
    mm_check_fork(child, parent, false, parent_who, child_who);
    CHECK_EQ(looks, 1); /* at the page of shared memory */
    CHECK_EQ(pgtable_own(child->pgdir, HEAP), 1);
    mmu_flush_all();
    looks = 0;
    mm_check_fork(child, parent, false, parent_who, child_who);
    CHECK_EQ(looks, 2);
    mm_check_init();
    end();
}

TEST(a_page_that_was_copied_is_checked_as_a_copy)
{
    start();
    child = host_mm_dup(parent);
    const struct vma *vma = vma_at(&parent->vmas, HEAP);
    CHECK_EQ(pgtable_own(child->pgdir, HEAP), 1);
    struct cow_fault fault = {.va = HEAP, .write = true, .before = *entry(child, HEAP), .count = 2};
    cow_fault_sample(&fault);
    struct page *page = host_frame(child, HEAP);
    CHECK_EQ(mm_fault(child, HEAP, true), MM_COPY);
    mm_check_fault(&fault, child, vma, MM_COPY);
    page_hold(page); /* as if the entry had kept its reference */
    CHECK(PANICS("got a copy of page 0x00c00000", mm_check_fault(&fault, child, vma, MM_COPY)));
    mm_check_fault(&fault, child, vma, MM_REUSE);
    page_drop(page);
    end();
}

/* A fault with an outcome is checked for the address space that had it, also if others fault at the same page
 * in between. */
TEST(the_faults_of_two_address_spaces_are_not_one)
{
    start();
    child = host_mm_dup(parent);
    const struct vma *vma = vma_at(&parent->vmas, HEAP);
    for (int i = 0; i < 6; i++) {
        struct mm *mm = i % 2 == 0 ? parent : child;
        struct cow_fault fault = {.va = HEAP, .before = *entry(mm, HEAP), .count = 1};
        mm_check_fault(&fault, mm, vma, MM_FILL);
        CHECK_EQ(fault.pgdir, mm->pgdir);
    }
    end();
}

/* The process ends, or gets a signal: there is no page to look at. */
TEST(a_fault_that_is_not_served_is_not_checked)
{
    static const enum mm_outcome failures[] = {MM_OOM, MM_SEGV, MM_SWAP_FAULT};
    static const enum mm_outcome served[] = {MM_FILL, MM_COPY, MM_REUSE, MM_SWAP_IN};
    const uintptr_t untouched = HEAP + PAGE_SIZE;
    start();
    const struct vma *vma = vma_at(&parent->vmas, HEAP);
    struct cow_fault fault = {.va = untouched};
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        mm_check_fault(&fault, parent, vma, failures[i]);
    for (size_t i = 0; i < ARRAY_SIZE(served); i++)
        CHECK(PANICS("was served, but the page is still not there",
                     mm_check_fault(&fault, parent, vma, served[i])));
    end();
}

/* Other threads may write to it meanwhile. */
TEST(the_top_of_the_stack_is_compared_if_nobody_else_has_it)
{
    const uintptr_t top = USERTOP - PAGE_SIZE;
    start();
    CHECK_EQ(mm_check_fork_begin(parent), 0); /* the page is not there */
    host_write(parent, top, 0x33);
    uint32_t word = mm_check_fork_begin(parent);
    CHECK_EQ(word, 0x33333333);
    mm_hold(parent);
    CHECK_EQ(mm_check_fork_begin(parent), 0);
    host_write(parent, top, 0x44);
    mm_check_fork_kept(parent, word);
    parent->visitors++; /* who holds it only looks into it */
    CHECK_EQ(mm_check_fork_begin(parent), 0x44444444);
    CHECK(PANICS("overwrote its page 0xaffff000 (the stack's top page)", mm_check_fork_kept(parent, word)));
    mm_check_fork_kept(parent, 0); /* unknown */
    parent->count--;
    parent->visitors--;
    pgtable_clear(parent->pgdir, top, USERTOP);
    CHECK_EQ(mm_check_fork_begin(parent), 0);
    mm_check_fork_kept(parent, word);
    end();
}
