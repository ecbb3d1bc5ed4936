/* SPDX-License-Identifier: MIT */
/*
 * copy_range, eager: pages are copied at once.
 *
 * A writable page of a private region is copied at fork. A read-only page, or one of a shared region, is
 * mapped in the child too and gains a reference. No page is ever shared until written: of a page on the disk
 * the slot is shared, and each sharer reads a page of its own.
 */
#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "check/hooks.h"
#include "mm/copy_range.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/swap.h"
#include "watch/trace.h"

static int copy_page(struct mm *to, uintptr_t va, pte_t pte, bool share)
{
    struct page *page = phys_to_page(pte_frame(pte));
    check_entry_made();
    /* LAB 3 begin: copy_page */
    if (share || !pte_writable(pte)) {
        page_hold(page);
        return mm_map_page(to, va, page, pte & PTE_W);
    }
    page_hold(page); /* or the allocation might evict it */
    struct page *copy = page_alloc(PAGE_USER);
    page_drop(page);
    if (copy == NULL)
        return -E_NO_MEM;
    cpu_copy_page(page_to_virt(copy), page_to_virt(page));
    TRACE(page_copy, va, page_to_phys(page), page_to_phys(copy), page->count);
    swap_adopt(copy, to->lineage, va);
    return mm_map_page(to, va, copy, PTE_W);
    /* LAB 3 end */
}

/* Share the slot that the entry `shared` names, or the hidden page that it has. */
static int share_as_it_is(struct mm *to, uintptr_t va, pte_t shared)
{
    struct page *page = pte_present(shared) ? phys_to_page(pte_frame(shared)) : NULL;
    if (page != NULL)
        page_hold(page); /* or the allocation might evict it */
    pte_t *pte = pgtable_entry(to->pgdir, va);
    if (pte == NULL) {
        if (page != NULL)
            page_drop(page);
        return -E_NO_MEM;
    }
    if (page == NULL)
        swap_hold(pte_slot(shared));
    pgtable_enter(pte, shared);
    return 0;
}

int copy_range(struct mm *to, struct mm *from, uintptr_t start, uintptr_t end, uint32_t flags)
{
    size_t n;
    for (uintptr_t va = start; va < end; va += n * PAGE_SIZE) {
        pte_t *source = pte_run(from->pgdir, va, end, &n);
        if (source == NULL)
            continue;
        pte_t *pte = source, *last = source + n;
        pgtable_narrow(&pte, &last);
        for (; (pte = pte_next_used(pte, last)) < last; pte++) {
            uintptr_t at = va + (uintptr_t)(pte - source) * PAGE_SIZE;
            int error = pte_swapped(*pte) || pte_hidden(*pte)
                            ? share_as_it_is(to, at, *pte)
                            : copy_page(to, at, *pte, (flags & VM_SHARED) != 0);
            if (error == 0)
                error = mm_point(NULL); /* a copy costs as much as a whole table elsewhere */
            if (error != 0)
                return error;
        }
    }
    return 0;
}

enum mm_outcome copy_range_write(struct mm *mm, uintptr_t va, pte_t *pte)
{
    (void)mm;
    (void)va;
    (void)pte;
    /* Without COW every present page of a writable region is writable. */
    RULE(pte_writable(*pte), "page 0x%08x is read-only, although its region permits writes: copy_page()",
         (unsigned)va);
    return MM_FILL;
}

int copy_range_own(struct mm *mm, uintptr_t va, pte_t *pte)
{
    struct page *page = phys_to_page(pte_frame(*pte));
    if (page->owner == PAGE_USER && swap_page_is_sole(page))
        return 0;
    page_hold(page); /* or the allocation might evict it */
    struct page *copy = page_alloc(PAGE_USER);
    page_drop(page);
    if (copy == NULL)
        return -E_NO_MEM;
    cpu_copy_page(page_to_virt(copy), page_to_virt(page));
    swap_adopt(copy, mm->lineage, va);
    check_entry_made();
    *pte = page_to_phys(copy) | (*pte & (PAGE_SIZE - 1));
    TRACE(page, va, *pte);
    page_drop(page);
    return 0;
}

uint32_t copy_range_right(void)
{
    return PTE_W;
}

enum mm_outcome copy_range_swap_in(struct mm *mm, uintptr_t va, pte_t *pte, bool writable, bool write)
{
    (void)write;
    struct page *page;
    int error = swap_in_own(pte_slot(*pte), PAGE_USER, &page);
    if (error != 0)
        return error == -E_SWAP_FAULT ? MM_SWAP_FAULT : MM_OOM;
    swap_adopt(page, mm->lineage, va);
    check_entry_made();
    *pte = pte_make(page_to_phys(page), PTE_U | PTE_A | (writable ? PTE_W : 0));
    return MM_SWAP_IN;
}
