/* SPDX-License-Identifier: MIT */
/*
 * copy_range, copy-on-write: pages are shared until one side writes.
 *
 * At fork the entries of a private region's writable pages become read-only on both sides and get the COW
 * bit; every present page gains a reference. A write to a page with other sharers copies it; a write by the
 * last sharer makes its entry writable again. Pages of read-only and of shared regions are mapped in the
 * child as they are. A page on the disk is shared by sharing its slot, and is mapped read-only when it is
 * read back.
 */
#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "check/hooks.h"
#include "mm/copy_range.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/swap.h"
#include "watch/trace.h"

/* The main cost of a fork that copies page tables, and of the first write below a shared one, is here.
 * Inline, because callers have a constant `make_cow`. */
__attribute__((always_inline)) inline size_t share_run(pte_t *to_first, pte_t *first, pte_t *last,
                                                       bool make_cow)
{
    pte_t *to_last = to_first + (last - first);
    size_t unused = 0;
    check_entry_made();
    for (ptrdiff_t i = first - last; i != 0; i++) {
        pte_t *from = &last[i], *to = &to_last[i], pte = *from;
        if (!pte_present(pte)) { /* few are not: one test for the others */
            if (pte_swapped(pte)) {
                *to = pte;
                swap_hold(pte_slot(pte));
            } else {
                ptrdiff_t next = pte_next_place(last, i);
                unused += (size_t)(next - i);
                i = next - 1;
            }
            continue;
        }
        /* LAB 4 begin: share_run */
        if (make_cow && pte_writable(pte)) {
            pte = (pte & ~PTE_W) | PTE_COW;
            *from = pte;
        }
        *to = pte;
        page_hold(phys_to_page(pte_frame(pte)));
        /* LAB 4 end */
    }
    check_entries_restricted();
    return (size_t)(last - first) - unused;
}

int copy_range(struct mm *to, struct mm *from, uintptr_t start, uintptr_t end, uint32_t flags)
{
    size_t shared = 0, n;
    bool make_cow = (flags & VM_SHARED) == 0;
    for (uintptr_t va = start; va < end; va += n * PAGE_SIZE) {
        pte_t *source = pte_run(from->pgdir, va, end, &n);
        if (source == NULL || tables_share(to->pgdir, from->pgdir, va))
            continue;
        pte_t *first = source, *last = source + n;
        pgtable_narrow(&first, &last);
        first = pte_next_used(first, last);
        if (first == last)
            continue; /* the child gets a page table only if there are entries for it */
        pte_t *target = pgtable_entry(to->pgdir, va);
        if (target == NULL)
            return -E_NO_MEM;
        target += first - source;
        size_t run = share_run(target, first, last, make_cow);
        pgtable_count(target, target + (last - first), run);
        pgtable_of(target)->table_has_shmem |= !make_cow;
        shared += run;
        int error = mm_point(from->pgdir);
        if (error != 0)
            return error;
    }
    if (shared != 0)
        TRACE(share, start, end, shared);
    return 0;
}

enum mm_outcome copy_range_write(struct mm *mm, uintptr_t va, pte_t *pte)
{
    if (pte_writable(*pte))
        return MM_FILL; /* another process of this mm was quicker */
    RULE(pte_cow(*pte) || (vma_at(&mm->vmas, va)->flags & VM_WRITE) != 0,
         "pid %d writes to page 0x%08x, although its region permits no writes: mm_fault()", trace_pid(),
         (unsigned)va);
    RULE(pte_cow(*pte),
         "page 0x%08x is read-only and has no PTE_COW, although its region permits writes: share_run()",
         (unsigned)va);
    /* LAB 4 begin: copy_range_write */
    struct page *page = phys_to_page(pte_frame(*pte));
    if (swap_page_is_sole(page)) {
        swap_adopt(page, mm->lineage, va); /* no other lineage maps it any more */
        check_entry_made();
        *pte = (*pte & ~PTE_COW) | PTE_W;
        mmu_flush_page(va);
        return MM_REUSE;
    }
    page_hold(page); /* or the allocation might evict it */
    struct page *copy = page_alloc(PAGE_USER);
    page_drop(page);
    if (copy == NULL)
        return MM_OOM;
    cpu_copy_page(page_to_virt(copy), page_to_virt(page));
    TRACE(page_copy, va, page_to_phys(page), page_to_phys(copy), swap_page_sharers(page));
    swap_adopt(copy, mm->lineage, va);
    check_entry_made();
    *pte = pte_make(page_to_phys(copy), PTE_U | PTE_A | PTE_W);
    mmu_flush_page(va);
    page_drop(page);
    return MM_COPY;
    /* LAB 4 end */
}

/* The first write copies the page if it has to. */
int copy_range_own(struct mm *mm, uintptr_t va, pte_t *pte)
{
    (void)mm, (void)va, (void)pte;
    return 0;
}

uint32_t copy_range_right(void)
{
    return PTE_COW;
}

enum mm_outcome copy_range_swap_in(struct mm *mm, uintptr_t va, pte_t *pte, bool writable, bool write)
{
    struct page *page;
    int error = swap_in(pte_slot(*pte), va, &page);
    if (error != 0)
        return error == -E_SWAP_FAULT ? MM_SWAP_FAULT : MM_OOM;
    check_entry_made();
    *pte = pte_make(page_to_phys(page), PTE_U | PTE_A | (writable ? PTE_COW : 0));
    if (write && swap_page_is_sole(page)) {
        swap_adopt(page, mm->lineage, va);
        *pte = (*pte & ~PTE_COW) | PTE_W;
    }
    return MM_SWAP_IN;
}
