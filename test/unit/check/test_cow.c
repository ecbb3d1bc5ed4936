/* SPDX-License-Identifier: MIT */
/*
 * cow.c: each rule of the entries that map user memory, broken by hand after a fork, and what the report
 * says.
 */
#include "check/cow.h"

#include "host_mm.h"
#include "mm/copy_range.h"
#include "mm/mm_check.h"

#define HEAP 0x00C00000u
#define MIDDLE 0x00D00000u
#define TEXT 0x00900000u /* permits no writes */
#define PARENT "pid 2 \"parent\""
#define CHILD "pid 3 \"child\""

static const struct cow_who parent_who = {2, "parent"}, child_who = {3, "child"};
static struct mm *parent, *child;

static void who(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other)
{
    (void)frame, (void)va;
    *running = parent_who;
    *other = child_who;
}

/* A parent with two written pages and one that it may only read, and its child. */
static void start(void)
{
    host_mm_start();
    check_set_who(who);
    parent = host_mm_new();
    host_map(parent, TEXT, 1, VM_READ | VM_EXEC, NULL);
    host_map(parent, HEAP, 2, VM_READ | VM_WRITE, NULL);
    host_read(parent, TEXT);
    host_write(parent, HEAP, 0x11);
    host_write(parent, HEAP + PAGE_SIZE, 0x22);
    child = host_mm_dup(parent);
}

static void end(void)
{
    check_set_who(NULL);
    host_mm_drop(child);
    host_mm_drop(parent);
}

static pte_t *entry(struct mm *mm, uintptr_t va)
{
    return pte_find(mm->pgdir, va);
}

static void check_fork(void)
{
    mm_check_fork(child, parent, false, parent_who, child_who);
}

/* Whether the check of a fork says `words` when `statement` has changed an entry. */
#define FORK_SAYS(words, statement) \
    PANICS(words, {                 \
        statement;                  \
        check_fork();               \
    })

TEST(a_fork_that_keeps_the_rules)
{
    start();
    check_fork();
    mm_check(parent);
    mm_check(child);
    end();
}

TEST(no_side_of_a_fork_can_write_to_a_page_of_both)
{
    start();
    CHECK(FORK_SAYS(PARENT " can write to page 0x00c00000 (a page of a mapping), which its child " CHILD
                           " maps too",
                    *entry(parent, HEAP) |= PTE_W));
    CHECK(FORK_SAYS("its child " CHILD " can write to page 0x00c00000 (a page of a mapping), which " PARENT
                    " maps too",
                    *entry(child, HEAP) |= PTE_W));
    CHECK(FORK_SAYS("its child " CHILD
                    " can write to page 0x00900000 (a page of a mapping), although its region "
                    "permits no writes",
                    *entry(child, TEXT) |= PTE_W));
    end();
}

TEST(a_child_has_the_pages_of_its_parent)
{
    start();
    CHECK(FORK_SAYS("page 0x00c01000 (a page of a mapping) of " PARENT " is not in its child " CHILD,
                    *entry(child, HEAP + PAGE_SIZE) = 0));
    CHECK(FORK_SAYS("page 0x00c00000 (a page of a mapping) of " PARENT " has other bytes in its child " CHILD,
                    *entry(child, HEAP) = *entry(child, HEAP + PAGE_SIZE)));
    CHECK(FORK_SAYS(PARENT " cannot access its page 0x00c00000 (a page of a mapping): the entry has no PTE_U",
                    *entry(child, HEAP) &= ~PTE_U));
    CHECK(FORK_SAYS("the frame of page 0x00c00000 (a page of a mapping) has 1 reference, but " PARENT
                    " and its child " CHILD " map it",
                    host_frame(child, HEAP)->count--));
    end();
}

TEST(both_sides_have_as_many_pages_and_no_translation_is_left)
{
    start();
    const struct cow_fork fork = {parent->pgdir, child->pgdir, parent_who, child_who, false};
    CHECK(PANICS(PARENT " has 3 pages, but its child pid 3 has 2", cow_check_fork_done(&fork, 3, 2)));
    cow_begin(0);
    cow_check_flushed(&fork, 0);
    CHECK(PANICS("fork of " PARENT ": the TLB was not flushed", cow_check_flushed(&fork, 1)));
    CHECK(FORK_SAYS(": the TLB was not flushed", cow_begin(0))); /* as if nothing was flushed since then */
    end();
}

/* Only the number of pages tells of one between those that are looked at. */
TEST(a_fork_that_loses_a_page_in_the_middle)
{
    enum { PAGES = 2 * COW_WINDOW + 1 };
    start();
    host_mm_drop(child);
    host_map(parent, MIDDLE, PAGES, VM_READ | VM_WRITE, NULL);
    for (size_t i = 0; i < PAGES; i++)
        host_write(parent, MIDDLE + i * PAGE_SIZE, 0x33);
    child = host_mm_dup(parent);
    check_fork();
    CHECK(FORK_SAYS(PARENT " has 12 pages, but its child pid 3 has 11",
                    pgtable_remove(entry(child, MIDDLE + COW_WINDOW * PAGE_SIZE))));
    end();
}

static uint32_t references(paddr_t frame)
{
    return phys_to_page(frame)->count;
}

static uint32_t entries; /* that a search finds */

static uint32_t found(paddr_t frame)
{
    (void)frame;
    return entries;
}

static const char *a_page(const struct cow_region *region)
{
    (void)region;
    return "memory";
}

TEST(in_the_rehearsal_no_frame_has_a_reference_without_an_entry)
{
    start();
    cow_set_mm(references, found, a_page);
    host_frame(parent, HEAP)->count++;
    entries = 2;
    check_fork(); /* it is not the rehearsal */
    check_count_entries();
    CHECK(FORK_SAYS("the frame of page 0x00c00000 (a page of memory) of " PARENT
                    " has 3 references, but 2 entries map it",
                    (void)0));
    entries = 0; /* not all can be found */
    check_fork();
    entries = 3;
    check_fork();
    cow_countable = 0;
    host_frame(parent, HEAP)->count--;
    mm_check_init();
    end();
}

static void write_to_the_parents_stack(void)
{
    static uint8_t value;
    host_poke(parent, USERTOP - 16, ++value); /* at each point another one */
}

TEST(a_fork_that_writes_to_the_parents_stack)
{
    start();
    host_map(parent, USERTOP - PAGE_SIZE, 1, VM_READ | VM_WRITE, NULL);
    host_write(parent, USERTOP - PAGE_SIZE, 0x44);
    host_mm_drop(child);
    CHECK(PANICS("overwrote its page 0xaffff000 (the stack's top page)", {
        host_points_begin(write_to_the_parents_stack, 0);
        host_mm_dup(parent);
    }));
    child = host_mm_dup(parent);
    end();
}

bool host_clears_nothing;

TEST(a_new_page_that_is_not_cleared)
{
    start();
    host_map(child, MIDDLE, 1, VM_READ | VM_WRITE, NULL);
    host_write(child, MIDDLE, 0x55);
    pgtable_clear(child->pgdir, MIDDLE, MIDDLE + PAGE_SIZE); /* the next page has its frame */
    CHECK(PANICS("the new page 0x00d00000 of pid ", {
        host_clears_nothing = true;
        mm_fault(child, MIDDLE, true);
    }));
    end();
}

/* Each alone makes progress: no fault is repeated. */
TEST(the_same_fault_three_times)
{
    start();
    for (int i = 0; i < 6; i++)
        CHECK_EQ(mm_fault(i % 2 == 0 ? parent : child, HEAP, false), MM_FILL);
    CHECK_EQ(mm_fault(child, HEAP + PAGE_SIZE, false), MM_FILL);
    CHECK_EQ(mm_fault(child, HEAP + PAGE_SIZE, false), MM_FILL);
    CHECK(PANICS("faults again and again reading page 0x00c01000", mm_fault(child, HEAP + PAGE_SIZE, false)));
    end();
}

TEST(entries_of_one_process)
{
    start();
    CHECK(PANICS("cannot access its page 0x00c00000", {
        *entry(parent, HEAP) &= ~PTE_U;
        mm_check(parent);
    }));
    CHECK(PANICS(PARENT " can write to page 0x00c00000 (a page of a mapping), which " CHILD " maps too", {
        *entry(parent, HEAP) |= PTE_W;
        mm_check(parent);
    }));
    CHECK(PANICS("although its region permits no writes", {
        host_frame(parent, TEXT)->count = 1;
        *entry(parent, TEXT) |= PTE_W;
        mm_check(parent);
    }));
    end();
}

/* A check must not cost what a region has: it looks at the pages at both ends. */
TEST(the_ends_of_a_large_region_are_looked_at)
{
    enum { FEW = 2 * COW_WINDOW, MANY = FEW + 3 };
    start();
    for (size_t pages = FEW; pages <= MANY; pages += MANY - FEW) {
        uintptr_t va = HEAP + 0x100000 * pages;

        host_map(parent, va, pages, VM_READ | VM_WRITE, NULL);
        for (size_t i = 0; i < pages; i++)
            host_write(parent, va + i * PAGE_SIZE, 0x33);
        mm_check(parent);
        for (size_t i = 0; i < pages; i++) {
            pte_t *pte = entry(parent, va + i * PAGE_SIZE), right = *pte;

            *pte &= ~PTE_U;
            if (i < COW_WINDOW || i >= pages - COW_WINDOW)
                CHECK(PANICS("cannot access its page", mm_check(parent)));
            else
                mm_check(parent);
            *pte = right;
        }
    }
    end();
}

TEST(the_copy_of_a_page_table)
{
    start();
    pte_t table[] = {*entry(parent, HEAP), *entry(parent, HEAP + PAGE_SIZE)};
    pte_t copy[] = {table[0], table[1]};
    cow_check_table_copy(HEAP, table, copy, 2);
    copy[1] = 0;
    CHECK(PANICS("page 0x00c01000 of the page table that " PARENT " shared is not in its copy",
                 cow_check_table_copy(HEAP, table, copy, 2)));
    copy[1] = table[1] | PTE_W;
    CHECK(PANICS(PARENT " can write to page 0x00c01000, which " CHILD " maps too",
                 cow_check_table_copy(HEAP, table, copy, 2)));
    table[1] |= PTE_W;
    copy[1] = table[1] & ~PTE_W;
    CHECK(PANICS(CHILD " can write to page 0x00c01000, which " PARENT " maps too",
                 cow_check_table_copy(HEAP, table, copy, 2)));
    table[1] = copy[1];
    CHECK(PANICS("the frame of page 0x00c01000 has 1 reference, but ", {
        host_frame(parent, HEAP + PAGE_SIZE)->count--;
        cow_check_table_copy(HEAP, table, copy, 2);
    }));
    end();
}

/* The CPU may have set them in one of the two meanwhile. */
TEST(only_accessed_and_dirty_may_differ_in_the_copy_of_a_page_table)
{
    static const pte_t may[] = {PTE_A, PTE_D, PTE_A | PTE_D}, must_not[] = {PTE_P, PTE_U, PTE_COW};

    start();
    pte_t entries[2] = {*entry(parent, HEAP), *entry(parent, HEAP)};
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(may); k++) {
            entries[i] ^= may[k];
            cow_check_table_copy(HEAP, &entries[0], &entries[1], 1);
            entries[i] ^= may[k];
        }
    }
    for (size_t k = 0; k < ARRAY_SIZE(must_not); k++) {
        entries[1] ^= must_not[k];
        CHECK(PANICS("is not in its copy", cow_check_table_copy(HEAP, &entries[0], &entries[1], 1)));
        entries[1] ^= must_not[k];
    }
    end();
}

/* A write of the child to HEAP is served by `statement`, and then checked. */
static struct cow_fault fault;
static const struct vma mapping = {.start = HEAP, .end = HEAP + 2 * PAGE_SIZE, .flags = VM_READ | VM_WRITE};

static void before_fault(void)
{
    fault = (struct cow_fault){
        .pgdir = child->pgdir, .va = HEAP, .write = true, .before = *entry(child, HEAP), .count = 2};
    cow_fault_sample(&fault);
}

static void after_fault(bool copied)
{
    const struct cow_region region = {mapping.start, mapping.end, false, true, child, &mapping};
    cow_fault_check(&fault, &region, entry(child, HEAP), copied);
}

#define FAULT_SAYS(words, copied, statement) \
    PANICS(words, {                          \
        before_fault();                      \
        statement;                           \
        after_fault(copied);                 \
    })

/* Copy the page, as a fault does. */
static struct page *copy_page(void)
{
    struct page *from = host_frame(child, HEAP);
    CHECK_EQ(mm_fault(child, HEAP, true), MM_COPY);
    return from;
}

TEST(a_copy_is_right_and_releases_its_page)
{
    start();
    CHECK(FAULT_SAYS(
        "got a copy of page 0x00c00000 (a page of a mapping), but the frame that it shared with " CHILD
        " still has 2 references instead of 1",
        true, page_hold(copy_page())));
    CHECK(FAULT_SAYS("overwrote the page of " CHILD ": it was made in the wrong direction", true,
                     memset(page_to_virt(copy_page()), 0, PAGE_SIZE)));
    CHECK(FAULT_SAYS("does not have the bytes that " CHILD " sees", true, {
        copy_page();
        memset(page_to_virt(host_frame(child, HEAP)), 0, PAGE_SIZE);
    }));
    before_fault();
    copy_page();
    after_fault(true);
    end();
}

TEST(a_fault_that_is_served_makes_progress)
{
    start();
    CHECK(FAULT_SAYS("was served, but the page is still read-only", false, (void)0));
    CHECK(FAULT_SAYS("was served, but the page is still not there", false, *entry(child, HEAP) = 0));
    CHECK(FAULT_SAYS(PARENT
                     " may write to page 0x00c00000 (a page of a mapping), but the entry still has PTE_COW",
                     false, {
                         copy_page();
                         *entry(child, HEAP) |= PTE_COW;
                     }));
    copy_page();
    CHECK(FAULT_SAYS(PARENT
                     " faults again and again writing to page 0x00c00000 (a page of a mapping): nothing "
                     "changed between 3 faults",
                     false, {
                         after_fault(false);
                         *entry(child, HEAP) ^= PTE_A; /* the CPU may do so meanwhile */
                         after_fault(false);
                         *entry(child, HEAP) ^= PTE_D;
                     }));
    end();
}

/* mm_fault() has all this checked unless a quick look shows that all is well. */
TEST(a_fault_is_checked_when_it_has_been_served)
{
    start();
    const pte_t *pte = entry(child, HEAP);
    before_fault();
    CHECK(PANICS("was served, but the page is still read-only",
                 mm_check_fault(&fault, child, &mapping, MM_REUSE)));
    CHECK(PANICS("was served, but the page is still read-only",
                 mm_check_fault_end(&fault, child, &mapping, pte, MM_REUSE)));
    copy_page();
    mm_check_fault(&fault, child, &mapping, MM_COPY);
    mm_check_fault_end(&fault, child, &mapping, pte, MM_COPY);
    end();
}

TEST(an_entry_that_changes_in_between_is_progress)
{
    start();
    before_fault();
    copy_page();
    after_fault(true);
    for (int i = 0; i < 3; i++) {
        before_fault();
        after_fault(false);
        before_fault();
        after_fault(false);
        before_fault();
        *entry(child, HEAP) &= ~PTE_W;
        fault.before = *entry(child, HEAP);
        *entry(child, HEAP) |= PTE_W; /* the same entry as before, but this fault changed it */
        after_fault(false);
    }
    end();
}

/* So the report about a copy_range() that does nothing names it, and no flush of an earlier fork counts. */
TEST(a_fork_begins_with_copy_range)
{
    start();
    cow_site = 1;
    cow_flushes_then = mmu_flushes - 1;
    CHECK_EQ(mm_check_fork_begin(parent), 0); /* it has no stack */
    CHECK_EQ(cow_site, (uintptr_t)copy_range);
    CHECK(!cow_flushed());
    end();
}

TEST(a_fork_does_not_change_the_top_of_the_stack)
{
    const uintptr_t top = USERTOP - PAGE_SIZE;
    start();
    host_map(parent, top, 1, VM_READ | VM_WRITE, NULL);
    host_write(parent, top, 0x33);
    uint32_t word = mm_check_fork_begin(parent);
    CHECK_EQ(word, 0x33333333);
    mm_check_fork_kept(parent, word);
    CHECK(PANICS("0xaffff000", {
        host_poke(parent, top + PAGE_SIZE - 16, 0);
        mm_check_fork_kept(parent, word);
    }));
    end();
}

TEST(a_page_has_the_name_of_its_region)
{
    static const struct {
        uintptr_t start, brk_start, brk;
        const char *name;
    } cases[] = {
        {HEAP, HEAP, HEAP + 2 * PAGE_SIZE, "(a page of the heap)"},
        {HEAP, HEAP + 1, HEAP + PAGE_SIZE + 1, "(a page of the heap)"},
        {HEAP, HEAP + 2 * PAGE_SIZE, HEAP + 2 * PAGE_SIZE, "(a page of a mapping)"},
        {HEAP, HEAP - PAGE_SIZE, HEAP, "(a page of a mapping)"},
    };
    start();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        parent->brk_start = child->brk_start = cases[i].brk_start;
        parent->brk = child->brk = cases[i].brk;
        CHECK(FORK_SAYS(cases[i].name, *entry(parent, HEAP) |= PTE_W));
        check_fork();
    }
    struct vma *vma = vma_at(&parent->vmas, HEAP);
    vma->flags |= VM_SHARED;
    CHECK(FORK_SAYS("(a page of shared memory)", *entry(parent, HEAP) &= ~PTE_U));
    vma->flags &= ~VM_SHARED;
    end();
}

TEST(a_page_that_nobody_else_has_is_copied_for_nothing)
{
    start();
    CHECK(cow_report());
    before_fault();
    fault.count = 1;
    copy_page();
    after_fault(true);
    console_clear();
    CHECK(!cow_report());
    CHECK(console_has("1 page was copied although no other process had it, the first 0x00c00000 of pid 2"));
    end();
}
