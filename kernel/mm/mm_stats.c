/* SPDX-License-Identifier: MIT */
/*
 * mm_stats - counts the pages of an address space: private, shared, swapped, of programs.
 */
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/swap.h"

/* Count a page whose table is shared (`by_table`) or not. */
static void count_page(const struct page *page, bool by_table, struct page_counts *counts)
{
    if (page->owner == PAGE_CACHE)
        counts->cache++;
    else if (by_table || page->owner == PAGE_SHARED || swap_page_sharers(page) > 1)
        counts->shared++;
    else
        counts->private ++;
}

/* What a count finds besides: how many slots no other entry names, and whether a table is shared. */
struct found {
    size_t sole_slots;
    bool shares_table;
};

/* Count the entries of a region, one page table after the other. Returns 0, or the error of a point. */
static int count_region(struct mm *mm, const struct vma *vma, struct page_counts *counts, struct found *found)
{
    size_t n;
    for (uintptr_t va = vma->start; va < vma->end; va += n * PAGE_SIZE) {
        pte_t *pte = pte_run(mm->pgdir, va, vma->end, &n);
        if (pte == NULL)
            continue;
        bool by_table = pgtable_of(pte)->count > 1;
        found->shares_table |= by_table;
        pte_t *last = pte + n;
        pgtable_narrow(&pte, &last);
        for (; (pte = pte_next_used(pte, last)) < last; pte++) {
            if (pte_present(*pte)) {
                count_page(phys_to_page(pte_frame(*pte)), by_table, counts);
                continue;
            }
            counts->swapped++;
            found->sole_slots += !by_table && swap_slot_is_sole(pte_slot(*pte));
        }
        int error = mm_point(NULL);
        if (error != 0)
            return error;
    }
    return 0;
}

size_t mm_page_count(struct mm *mm)
{
    size_t pages = 0;
    uintptr_t counted = 0; /* the end of the tables that were visited: regions may share a table */
    for (const struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_find(&mm->vmas, counted)) {
        pages += pgtable_used(mm->pgdir, MAX(vma->start, counted), vma->end);
        counted = ALIGN_UP(vma->end, MMU_TABLE_SPAN);
    }
    return pages;
}

static int count(struct mm *mm, struct page_counts *counts, struct found *found)
{
    ASSERT(mutex_is_held(&mm->lock));
    size_t pages = mm_page_count(mm);
    *counts = (struct page_counts){0};
    for (const struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma)) {
        int error = count_region(mm, vma, counts, found);
        if (error != 0)
            return error;
    }
    size_t sum = counts->private + counts->shared + counts->swapped + counts->cache;
    /* At a point pages of objects may be evicted, and others may enter pages of programs in shared tables. */
    ASSERT(found->shares_table || (sum <= pages && sum >= mm_page_count(mm)));
    return 0;
}

int mm_count_pages(struct mm *mm, struct page_counts *counts)
{
    struct found found = {0};
    return count(mm, counts, &found);
}

int mm_count_own_pages(struct mm *mm, size_t *pages)
{
    struct page_counts counts;
    struct found found = {0};
    int error = count(mm, &counts, &found);
    *pages = counts.private + found.sole_slots;
    return error;
}
