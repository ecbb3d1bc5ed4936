/*
 * pgtable - frames for tables, counts for entries.
 */
#include "mm/pgtable.h"

#include "lib/util.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "watch/assert.h"
#include "watch/ledger.h"

#define KEPT_MAX 16

/* Tables in the state they are handed out in, kept for the next who needs one. */
struct stock {
    void *kept[KEPT_MAX];
    size_t n;
};
static struct stock tables, directories;

/* For the ledger, whose a table is now is who asks for it: neither this file nor who had it before. */
static inline void *take(struct stock *stock, uintptr_t site)
{
    struct page *page = stock->n > 0 ? virt_to_page(stock->kept[--stock->n]) : page_alloc_zero(PAGE_PGTABLE);
    if (page == NULL)
        return NULL;
    if (CONFIG_DEBUG_CHECKS)
        page->site = site;
    return page_to_virt(page);
}

static void give(struct stock *stock, void *table)
{
    if (stock->n < KEPT_MAX)
        stock->kept[stock->n++] = table;
    else
        page_drop(virt_to_page(table));
}

static void empty(struct stock *stock)
{
    while (stock->n > 0)
        page_drop(virt_to_page(stock->kept[--stock->n]));
}

static void shrink(void *keeper)
{
    (void)keeper;
    empty(&tables);
    empty(&directories);
}

static size_t in_stock(void *keeper)
{
    (void)keeper;
    return tables.n + directories.n;
}

void pgtable_init(void)
{
    static struct ledger_account account = {
        .name = "page tables in stock", .held = in_stock, .shrink = shrink};
    ledger_open(&account);
}

struct pgdir *pgtable_new(void)
{
    bool fresh = directories.n == 0;
    struct pgdir *pgdir = take(&directories, (uintptr_t)__builtin_return_address(0));
    if (pgdir != NULL && fresh)
        pgdir_init(pgdir);
    return pgdir;
}

void pgtable_free(struct pgdir *pgdir)
{
    ASSERT(!mmu_is_loaded(pgdir));
    give(&directories, pgdir);
}

void pgtable_prune(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    bool loaded = mmu_is_loaded(pgdir);
    for (uintptr_t va = ALIGN_DOWN(start, MMU_TABLE_SPAN); va < end; va += MMU_TABLE_SPAN) {
        void *table = pgdir_take_table(pgdir, va);
        if (table == NULL)
            continue;
        if (loaded)
            mmu_flush_all(); /* the CPU may keep the directory's entry too (SDM vol. 3A, 4.10) */
        give(&tables, table);
    }
}

pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va)
{
    pte_t *pte;
    while ((pte = pte_find(pgdir, va)) == NULL) {
        void *table = take(&tables, (uintptr_t)__builtin_return_address(0));
        if (table == NULL)
            return NULL;
        pgdir_add_table(pgdir, va, table);
    }
    return pte;
}

/* Clear the entries from `pte` to `last`; returns how many were in use. */
static size_t clear_run(pte_t *pte, pte_t *last)
{
    size_t used = 0;
    for (pte = pte_next_used(pte, last); pte < last; pte++) {
        pte_t old = *pte;
        if (old == 0) {
            pte = pte_next_used(pte, last) - 1;
            continue;
        }
        *pte = 0;
        used++;
        if (CONFIG_SWAP && !pte_present(old))
            swap_drop(pte_slot(old));
        else
            page_drop(phys_to_page(pte_frame(old)));
    }
    return used;
}

size_t pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    size_t used = 0;
    for (size_t n; start < end; start += n * PAGE_SIZE) {
        pte_t *pte = pte_run(pgdir, start, end, &n);
        if (pte == NULL)
            continue;
        used += clear_run(pte, pte + n);
    }
    if (used != 0 && mmu_is_loaded(pgdir))
        mmu_flush_all();
    return used;
}
