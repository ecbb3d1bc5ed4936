/*
 * pgtable - frames for tables, counts for entries.
 */
#include "mm/pgtable.h"

#include "debug/assert.h"
#include "mm/page.h"

struct pgdir *pgtable_new(void)
{
    struct page *page = page_alloc_zero(PAGE_PGTABLE);
    if (page == NULL)
        return NULL;
    struct pgdir *pgdir = page_to_virt(page);
    pgdir_init(pgdir);
    return pgdir;
}

void pgtable_prune(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    for (void *table; (table = pgdir_take_table(pgdir, start, end)) != NULL;)
        page_drop(virt_to_page(table));
}

void pgtable_free(struct pgdir *pgdir)
{
    ASSERT(!mmu_is_loaded(pgdir));
    pgtable_prune(pgdir, 0, KERNBASE);
    page_drop(virt_to_page(pgdir));
}

pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va)
{
    pte_t *pte;
    while ((pte = pte_find(pgdir, va)) == NULL) {
        struct page *table = page_alloc_zero(PAGE_PGTABLE);
        if (table == NULL)
            return NULL;
        pgdir_add_table(pgdir, va, page_to_virt(table));
    }
    return pte;
}

pte_t *pgtable_run(struct pgdir *pgdir, uintptr_t va, uintptr_t end, size_t *n)
{
    pte_run(pgdir, va, end, n);
    return pgtable_entry(pgdir, va);
}

size_t pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    size_t present = 0;
    for (size_t n; start < end; start += n * PAGE_SIZE) {
        pte_t *pte = pte_run(pgdir, start, end, &n);
        if (pte == NULL)
            continue;
        for (pte_t *last = pte + n; pte < last; pte++) {
            pte_t old = *pte;
            if (!pte_present(old))
                continue;
            *pte = 0;
            present++;
            page_drop(phys_to_page(pte_frame(old)));
        }
    }
    if (present != 0 && mmu_is_loaded(pgdir))
        mmu_flush_all();
    return present;
}
