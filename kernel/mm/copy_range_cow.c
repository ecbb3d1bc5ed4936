/*
 * copy_range, shared until written.
 *
 * At fork the writable pages of a private region lose their write permission on both sides and
 * get the COW bit; every present page gains a count. Who writes first while others look gets a
 * copy; who writes as the last one takes the page back. Pages of read-only and of shared regions
 * are handed on as they are.
 */
#include <ucow/errno.h>

#include "debug/trace.h"
#include "lib/string.h"
#include "mm/copy_range.h"
#include "mm/page.h"

/* Share `n` neighbouring entries; returns how many were present. This loop is what fork costs. */
static size_t share_run(pte_t *to, pte_t *from, size_t n, bool make_cow)
{
    size_t shared = 0;
    for (pte_t *last = from + n; from < last; from++, to++) {
        pte_t pte = *from;
        if (!pte_present(pte))
            continue;
        if (make_cow && pte_writable(pte)) {
            pte = (pte & ~PTE_W) | PTE_COW;
            *from = pte;
        }
        *to = pte;
        page_hold(phys_to_page(pte_frame(pte)));
        shared++;
    }
    return shared;
}

/* The index of the first present entry, or n: a table is made for the child only when needed. */
static size_t first_present(const pte_t *pte, size_t n)
{
    size_t i = 0;
    while (i < n && !pte_present(pte[i]))
        i++;
    return i;
}

int copy_range(struct mm *to, struct mm *from, uintptr_t start, uintptr_t end, uint32_t flags)
{
    size_t shared = 0, n;
    bool make_cow = (flags & VM_SHARED) == 0;
    for (uintptr_t va = start; va < end; va += n * PAGE_SIZE) {
        pte_t *source = pte_run(from->pgdir, va, end, &n);
        size_t skip = source == NULL ? n : first_present(source, n);
        if (skip == n)
            continue;
        pte_t *target = pgtable_entry(to->pgdir, va);
        if (target == NULL)
            return -E_NO_MEM;
        size_t run = share_run(target + skip, source + skip, n - skip, make_cow);
        to->pages += run;
        shared += run;
    }
    if (shared != 0)
        TRACE(share, start, end, shared);
    return 0;
}

enum mm_outcome copy_range_write(struct mm *mm, uintptr_t va, pte_t *pte)
{
    (void)mm;
    if (pte_writable(*pte))
        return MM_FILL; /* another sharer of the mm was quicker */
    ASSERT(pte_cow(*pte));
    struct page *page = phys_to_page(pte_frame(*pte));
    if (page->count == 1) {
        *pte = (*pte & ~PTE_COW) | PTE_W;
        mmu_flush_page(va);
        return MM_REUSE;
    }
    struct page *copy = page_alloc(PAGE_USER);
    if (copy == NULL)
        return MM_OOM;
    memcpy(page_to_virt(copy), page_to_virt(page), PAGE_SIZE);
    TRACE(page_copy, va, page_to_phys(page), page_to_phys(copy), page->count);
    *pte = pte_make(page_to_phys(copy), PTE_U | PTE_W);
    mmu_flush_page(va);
    page_drop(page);
    return MM_COPY;
}
