/* SPDX-License-Identifier: MIT */
/*
 * tables, shared until written: fork costs one directory entry for each table, whatever is in it.
 *
 * The first address space that writes below a shared table, or changes a region there, gets a copy. The pages
 * are then shared until written, as copy_range_cow.c does it. The last address space keeps the table.
 */
#include "mm/tables.h"

#include <ucow/errno.h>

#include "check/hooks.h"
#include "mm/copy_range.h"
#include "mm/pgtable.h"
#include "watch/trace.h"

bool tables_share(struct pgdir *to, struct pgdir *from, uintptr_t va)
{
    /* LAB 8 begin: tables_share */
    pte_t *table = pte_find(from, ALIGN_DOWN(va, MMU_TABLE_SPAN));
    struct page *page = pgtable_of(table);
    if (page->table_has_shmem)
        return false;
    bool stays_empty = page->table_used == 0 && page->count == 1; /* others may enter pages of a program */
    if (stays_empty || pte_find(to, ALIGN_DOWN(va, MMU_TABLE_SPAN)) == table)
        return true;
    page_hold(page);
    check_entry_made();
    pgdir_share_table(to, from, va);
    check_entries_restricted();
    TRACE(table_share, ALIGN_DOWN(va, MMU_TABLE_SPAN), page_to_phys(page), page->table_used, page->count);
    return true;
    /* LAB 8 end */
}

/* Give `copy`, a table without entries, what `table` has. */
static void copy_entries(pte_t *copy, pte_t *table)
{
    /* LAB 8 begin: copy_entries */
    pte_t *first = table, *last = table + PGTABLE_ENTRIES;
    pgtable_narrow(&first, &last);
    if (first == last)
        return;
    pte_t *target = copy + (first - table);
    pgtable_count(target, target + (last - first), share_run(target, first, last, true));
    /* LAB 8 end */
}

/* `table`, for addresses from `va` on, has been copied. */
static void check_copy(uintptr_t va, pte_t *table, const pte_t *copy)
{
    pte_t *first = table, *last = table + PGTABLE_ENTRIES;
    pgtable_narrow(&first, &last);
    check_table_copied(va + (uintptr_t)(first - table) * PAGE_SIZE, first, copy + (first - table),
                       (size_t)(last - first));
}

int tables_unshare(struct pgdir *pgdir, uintptr_t va)
{
    pte_t *table = pte_find(pgdir, ALIGN_DOWN(va, MMU_TABLE_SPAN));
    struct page *page = pgtable_of(table);
    /* LAB 8 begin: tables_unshare */
    if (page->count > 1) {
        pte_t *copy = pgtable_alloc((uintptr_t)__builtin_return_address(0)); /* may evict pages of `table` */
        if (copy == NULL)
            return -E_NO_MEM;
        copy_entries(copy, table);
        page_drop(page);
        TRACE(table_copy, ALIGN_DOWN(va, MMU_TABLE_SPAN), page_to_phys(page), virt_to_phys(copy),
              pgtable_of(copy)->table_used);
        table = copy;
    }
    pgdir_replace_table(pgdir, va, table);
    /* LAB 8 end */
    pte_t *now = pte_find(pgdir, ALIGN_DOWN(va, MMU_TABLE_SPAN));
    if (now != page_to_virt(page))
        check_copy(ALIGN_DOWN(va, MMU_TABLE_SPAN), page_to_virt(page), now);
    RULE(pgtable_of(now)->count == 1,
         "%u address spaces have the page table for 0x%08x, and one of them can write below it: it needs a "
         "copy",
         (unsigned)pgtable_of(now)->count, (unsigned)va);
    if (mmu_is_loaded(pgdir))
        mmu_flush_all();
    return 0;
}
