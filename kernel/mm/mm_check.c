/* SPDX-License-Identifier: MIT */
/*
 * mm_check - walks over regions for the checks of check/cow.h.
 */
#include "mm/mm_check.h"

#include "mm/copy_range.h"
#include "mm/point.h"
#include "mm/rmap.h"

/* The number of entries that map the frame, or that name the slot with the same bytes. */
static uint32_t sharers(paddr_t frame)
{
    const struct page *page = phys_to_page(frame);
    return page->owner == PAGE_USER && page->slot != 0 ? swap_page_sharers(page) : page->count;
}

/* How many of them a search finds, with the object that has the page; 0: unknown. */
static uint32_t found(paddr_t frame)
{
    const struct page *page = phys_to_page(frame);
    uint32_t entries = page->owner == PAGE_USER && page->slot != 0 ? 0 : (uint32_t)rmap_count_all(page);
    return entries == 0 ? 0 : entries + (page->owner != PAGE_USER);
}

static const char *what(const struct cow_region *region)
{
    const struct vma *vma = region->vma;
    const struct mm *mm = region->mm;
    if (vma->flags & VM_SHARED)
        return "shared memory";
    if (vma->end == USERTOP)
        return "the stack";
    if (vma->object != NULL)
        return vma->flags & VM_WRITE ? "the program's data" : "the program's text";
    return vma->start < mm->brk && vma->end > mm->brk_start ? "the heap" : "a mapping";
}

void mm_check_init(void)
{
    cow_set_mm(sharers, found, what);
}

static inline struct cow_region region_of(const struct mm *mm, const struct vma *vma)
{
    bool shared = (vma->flags & VM_SHARED) != 0, writable = (vma->flags & VM_WRITE) != 0;
    return (struct cow_region){vma->start, vma->end, shared, writable, mm, vma};
}

void mm_check(struct mm *mm)
{
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma)) {
        const struct cow_region region = region_of(mm, vma);
        cow_check_region(&region, mm->pgdir);
    }
}

/* The word at the end of the stack, where a program has its name or its last argument. Returns NULL if the
 * page is not there, or if other threads may write to it. */
static const uint32_t *last_word(struct mm *mm)
{
    const pte_t *pte = mm_users(mm) > 1 ? NULL : pte_find(mm->pgdir, USERTOP - PAGE_SIZE);
    return pte == NULL || !pte_present(*pte) ? NULL : cow_sample(*pte, 0);
}

uint32_t mm_check_fork_begin(struct mm *from)
{
    cow_begin((uintptr_t)copy_range);
    const uint32_t *word = last_word(from);
    return word == NULL ? 0 : *word;
}

void mm_check_fork_kept(struct mm *from, uint32_t word)
{
    const uint32_t *now = last_word(from);
    if (word != 0 && now != NULL && *now != word)
        cow_overwritten(USERTOP - PAGE_SIZE);
}

/* Whether both sides of a fork share all tables of the region, and neither may write below one: then all
 * rules are obeyed, and both have the same pages. */
static bool shares_tables(const struct cow_fork *fork, const struct vma *vma)
{
    for (uintptr_t va = ALIGN_DOWN(vma->start, MMU_TABLE_SPAN); va < vma->end; va += MMU_TABLE_SPAN)
        if (!pgdir_shares_table(fork->from, fork->to, va))
            return false;
    return true;
}

void mm_check_fork(struct mm *to, struct mm *from, bool threads, struct cow_who parent, struct cow_who child)
{
    const struct cow_fork fork = {
        .from = from->pgdir, .to = to->pgdir, .parent = parent, .child = child, .threads = threads};
    bool all_shared = true;
    RULE(to->brk == from->brk && to->brk_start == from->brk_start,
         "the heap of pid %d \"%s\" ends at 0x%08x, but that of its child pid %d at 0x%08x: mm->brk",
         parent.pid, parent.name, (unsigned)from->brk, child.pid, (unsigned)to->brk);
    RULE(to->vmas.n == from->vmas.n,
         "pid %d \"%s\" has %u regions, but its child pid %d has %u: vma_copy_all()", parent.pid, parent.name,
         (unsigned)from->vmas.n, child.pid, (unsigned)to->vmas.n);
    cow_check_flushed(&fork, cow_flushed() ? 0 : mm_page_count(from));
    for (struct vma *vma = vma_first(&from->vmas); vma != NULL; vma = vma_next(vma)) {
        if (!shares_tables(&fork, vma)) {
            all_shared = false;
            const struct cow_region region = region_of(from, vma);
            cow_check_fork(&region, &fork);
        }
        mm_point(NULL);
    }
    if (!all_shared)
        cow_check_fork_done(&fork, mm_page_count(from), mm_page_count(to));
}

void mm_check_fault(struct cow_fault *fault, struct mm *mm, const struct vma *vma, enum mm_outcome outcome)
{
    if (outcome == MM_OOM || outcome == MM_SEGV || outcome == MM_SWAP_FAULT)
        return;
    const struct cow_region region = region_of(mm, vma);
    fault->pgdir = mm->pgdir;
    cow_fault_check(fault, &region, pte_find(mm->pgdir, fault->va), outcome == MM_COPY);
}
