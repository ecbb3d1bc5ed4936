/* SPDX-License-Identifier: MIT */
/*
 * pgtable - allocates page tables, keeps a few free ones, and drops what user entries hold.
 */
#include "mm/pgtable.h"

#include "mm/point.h"
#include "mm/swap.h"
#include "watch/assert.h"
#include "watch/ledger.h"

#define CACHE_MAX 16
#define CLEAR_AT_ONCE 256 /* entries between two points: two ticks in a checking build, in QEMU's time */

/* Free tables, in the state in which they are allocated. */
struct table_cache {
    void *tables[CACHE_MAX];
    size_t n;
};
static struct table_cache tables, directories;

static inline void *cache_alloc(struct table_cache *cache, uintptr_t caller)
{
    struct page *page =
        cache->n > 0 ? virt_to_page(cache->tables[--cache->n]) : page_alloc_zero(PAGE_PGTABLE);
    if (page == NULL)
        return NULL;
    page_set_caller(page, caller);
    return page_to_virt(page);
}

static void cache_free(struct table_cache *cache, void *table)
{
    if (cache->n < CACHE_MAX)
        cache->tables[cache->n++] = table;
    else
        page_drop(virt_to_page(table));
}

static void cache_shrink(struct table_cache *cache)
{
    while (cache->n > 0)
        page_drop(virt_to_page(cache->tables[--cache->n]));
}

static void ledger_shrink_caches(void *context)
{
    (void)context;
    cache_shrink(&tables);
    cache_shrink(&directories);
}

static size_t ledger_held(void *context)
{
    (void)context;
    return tables.n + directories.n;
}

void pgtable_init(void)
{
    static struct ledger_account account = {
        .name = "cached page tables", .held = ledger_held, .shrink = ledger_shrink_caches};
    ledger_open(&account);
}

struct pgdir *pgtable_new(void)
{
    bool fresh = directories.n == 0;
    struct pgdir *pgdir = cache_alloc(&directories, (uintptr_t)__builtin_return_address(0));
    if (pgdir != NULL && fresh)
        pgdir_init(pgdir);
    return pgdir;
}

void pgtable_free(struct pgdir *pgdir)
{
    ASSERT(!mmu_is_loaded(pgdir));
    cache_free(&directories, pgdir);
}

/* No entry is in use: the bounds enclose nothing. */
static inline void table_set_empty(struct page *table)
{
    table->table_used = 0;
    table->table.low = PGTABLE_ENTRIES;
    table->table.high = 0;
    table->table_has_shmem = false;
}

pte_t *pgtable_alloc(uintptr_t caller)
{
    pte_t *table = cache_alloc(&tables, caller);
    if (table != NULL) {
        table_set_empty(virt_to_page(table));
        virt_to_page(table)->table_walk = 0;
    }
    return table;
}

pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va)
{
    return pgtable_own(pgdir, va) < 0 ? NULL : pgtable_entry_in_place(pgdir, va);
}

pte_t *pgtable_entry_in_place(struct pgdir *pgdir, uintptr_t va)
{
    pte_t *pte;
    while ((pte = pte_find(pgdir, va)) == NULL) {
        void *table = pgtable_alloc((uintptr_t)__builtin_return_address(0));
        if (table == NULL)
            return NULL;
        pgdir_add_table(pgdir, va, table);
    }
    return pte;
}

/* Clear the entries from `first` up to `last`, and drop what they hold. Returns how many were in use. */
static size_t clear_run(pte_t *first, pte_t *last)
{
    size_t unused = 0;
    for (ptrdiff_t i = first - last; i != 0; i++) {
        pte_t *pte = &last[i], old = *pte;
        if (pte_present(old)) { /* as most are: one test for them */
            *pte = 0;
            page_drop(phys_to_page(pte_frame(old)));
        } else if (pte_swapped(old)) {
            *pte = 0;
            swap_drop(pte_slot(old));
        } else {
            ptrdiff_t next = pte_next_place(last, i);
            unused += (size_t)(next - i);
            i = next - 1;
        }
    }
    return (size_t)(last - first) - unused;
}

/* The same for a part of a table, which is not empty; keeps the table's count and bounds. */
static size_t clear_part(pte_t *first, pte_t *last)
{
    struct page *page = pgtable_of(first);
    pte_t *entries = page_to_virt(page);
    pgtable_narrow(&first, &last);
    size_t used = clear_run(first, last);
    page->table_used = (uint16_t)(page->table_used - used);
    if (page->table_used == 0)
        table_set_empty(page);
    else if (first <= entries + page->table.low)
        page->table.low = (uint16_t)(last - entries);
    else if (last >= entries + page->table.high)
        page->table.high = (uint16_t)(first - entries);
    return used;
}

void pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    size_t used = 0;
    for (size_t n; start < end; start += n * PAGE_SIZE) {
        ASSERT(pgdir_permits_writes(pgdir, start));
        pte_t *pte = pte_run(pgdir, start, end, &n);
        if (pte != NULL) {
            n = MIN(n, (size_t)CLEAR_AT_ONCE);
            used += clear_part(pte, pte + n);
        }
        mm_point(pgdir);
    }
    if (used != 0 && mmu_is_loaded(pgdir))
        mmu_flush_all();
}

/* Drop all that the entries of a table hold. It stays in its only directory meanwhile: eviction, at a point,
 * must find all entries of a page. */
static void table_clear(struct pgdir *pgdir, pte_t *table)
{
    const struct page *page = pgtable_of(table);
    while (page->table_used != 0) {
        pte_t *first = table + page->table.low;
        clear_part(first, MIN(first + CLEAR_AT_ONCE, table + PGTABLE_ENTRIES));
        mm_point(pgdir);
    }
}

void pgtable_drop(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    bool loaded = mmu_is_loaded(pgdir);
    for (uintptr_t va = ALIGN_DOWN(start, MMU_TABLE_SPAN); va < end; va += MMU_TABLE_SPAN) {
        pte_t *table = pte_find(pgdir, va);
        if (table == NULL)
            continue;
        bool shared = pgtable_of(table)->count > 1;
        if (!shared)
            table_clear(pgdir, table);
        pgdir_take_table(pgdir, va);
        if (loaded)
            mmu_flush_all(); /* the CPU may cache the directory's entry too (SDM vol. 3A, 4.10) */
        if (shared)
            page_drop(pgtable_of(table));
        else
            cache_free(&tables, table);
        mm_point(NULL);
    }
}

size_t pgtable_used(struct pgdir *pgdir, uintptr_t start, uintptr_t end)
{
    size_t used = 0;
    for (uintptr_t va = ALIGN_DOWN(start, MMU_TABLE_SPAN); va < end; va += MMU_TABLE_SPAN) {
        const pte_t *table = pte_find(pgdir, va);
        used += table != NULL ? pgtable_of(table)->table_used : 0;
    }
    return used;
}
