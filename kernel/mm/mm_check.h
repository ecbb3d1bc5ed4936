/* SPDX-License-Identifier: MIT */
/*
 * mm_check - tells the checks of check/cow.h what regions and frames are; empty without debug_checks.
 */
#ifndef MM_MM_CHECK_H
#define MM_MM_CHECK_H

#include "check/hooks.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/swap.h"

#if CONFIG_DEBUG_CHECKS

/* Boot: let the checks count references. */
void mm_check_init(void);

/* Check the entries at both ends of each region of an address space. */
void mm_check(struct mm *mm);

/* A fork is about to give pages of a parent to a child. Returns a word of the parent's memory, 0: unknown. */
uint32_t mm_check_fork_begin(struct mm *from);

/* They were given: check that the parent still has that word. */
void mm_check_fork_kept(struct mm *from, uint32_t word);

/* `to` is a copy of `from` for a child. `threads`: when the fork began, other processes used `from`, too, and
 * may have written to it. Caller holds from->lock. */
void mm_check_fork(struct mm *to, struct mm *from, bool threads, struct cow_who parent, struct cow_who child);

/* Check everything about a fault that was served. For mm_check_fault_end(). */
void mm_check_fault(struct cow_fault *fault, struct mm *mm, const struct vma *vma, enum mm_outcome outcome);

static inline struct page *mm_check_page(pte_t pte)
{
    return &page_array[pte_frame(pte) >> PAGE_SHIFT];
}

/* A fault at `va` is about to be served; `pte` is its entry, NULL: there is no table for it. Caller holds
 * mm->lock. */
static inline void mm_check_fault_begin(struct cow_fault *fault, uintptr_t va, bool write, const pte_t *pte)
{
    cow_site = (uintptr_t)mm_fault;
    fault->va = va;
    fault->write = write;
    fault->count = 0;
    fault->before = pte == NULL ? 0 : *pte;
    if (!pte_present(fault->before))
        return;
    const struct page *page = mm_check_page(fault->before);
    fault->count = page->count;
    fault->slot = page->slot;
    if (fault->count > 1)
        cow_fault_sample(fault);
}

/* Whether the fault was served as the rules demand, as far as can be seen at a glance. */
static inline bool mm_check_fault_quick(const struct cow_fault *fault, const struct vma *vma, pte_t now,
                                        enum mm_outcome outcome)
{
    if ((now & (PTE_P | PTE_U)) != (PTE_P | PTE_U) || (fault->write && !pte_writable(now)))
        return false;
    if (pte_writable(now) && !(vma->flags & VM_SHARED) && mm_check_page(now)->count != 1)
        return false;
    if (outcome == MM_COPY)
        return fault->count > 1 && mm_check_page(fault->before)->count == fault->count - 1 &&
               cow_fault_is_sample(fault, now) && cow_fault_is_sample(fault, fault->before);
    return fault->before == 0;
}

/* It was served. */
static inline void mm_check_fault_end(struct cow_fault *fault, struct mm *mm, const struct vma *vma,
                                      const pte_t *pte, enum mm_outcome outcome)
{
    if (outcome == MM_REUSE && fault->count == 1 && *pte == (fault->before ^ (PTE_COW | PTE_W)))
        return;
    if (pte == NULL)
        pte = pte_find(mm->pgdir, fault->va);
    if (pte == NULL || !mm_check_fault_quick(fault, vma, *pte, outcome))
        mm_check_fault(fault, mm, vma, outcome);
}

#else

static inline void mm_check_init(void)
{
}

static inline void mm_check(struct mm *mm)
{
    (void)mm;
}

static inline uint32_t mm_check_fork_begin(struct mm *from)
{
    (void)from;
    return 0;
}

static inline void mm_check_fork_kept(struct mm *from, uint32_t word)
{
    (void)from, (void)word;
}

static inline void mm_check_fork(struct mm *to, struct mm *from, bool threads, struct cow_who parent,
                                 struct cow_who child)
{
    (void)to, (void)from, (void)threads, (void)parent, (void)child;
}

static inline void mm_check_fault_begin(struct cow_fault *fault, uintptr_t va, bool write, const pte_t *pte)
{
    (void)fault, (void)va, (void)write, (void)pte;
}

static inline void mm_check_fault_end(struct cow_fault *fault, struct mm *mm, const struct vma *vma,
                                      const pte_t *pte, enum mm_outcome outcome)
{
    (void)fault, (void)mm, (void)vma, (void)pte, (void)outcome;
}

#endif

#endif
