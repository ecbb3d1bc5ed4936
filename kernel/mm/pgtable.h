/* SPDX-License-Identifier: MIT */
/*
 * pgtable - allocates and frees page tables, and drops what user entries hold.
 *
 * Every present user entry owns one reference to its frame, every swapped one a reference to its slot. A
 * table is allocated when one of its entries is first needed, and freed when no region is left in its span. A
 * table that is freed is all zeros, and a directory has only the kernel's half: a few of each are cached as
 * they are, and the next fork need not clear them.
 *
 * The struct page of a table has the number of its entries in use, those that are not 0, and bounds outside
 * of which none is, so that a scan visits no empty part. So every entry that becomes used or unused is
 * counted: by pgtable_enter() and pgtable_remove(), or for a run of entries by pgtable_count().
 *
 * In the ledger a table belongs to the caller of these functions.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/i386/mmu.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/tables.h"

/* The entries of a table. */
#define PGTABLE_ENTRIES (MMU_TABLE_SPAN / PAGE_SIZE)

/* The first entry from last[i] on that is not 0, as its place before `last`, or 0; i is not above 0. For the
 * loops that cost most: their index is also what ends them. Regions are mostly empty, so four entries are
 * tested at once. */
static inline ptrdiff_t pte_next_place(const pte_t *last, ptrdiff_t i)
{
    while (i <= -4 && (last[i] | last[i + 1] | last[i + 2] | last[i + 3]) == 0)
        i += 4;
    while (i < 0 && last[i] == 0)
        i++;
    return i;
}

/* The first entry from `pte` on that is not 0, or `last`. */
static inline pte_t *pte_next_used(pte_t *pte, pte_t *last)
{
    return last + pte_next_place(last, pte - last);
}

/* The struct page of the table that has this entry, and the number of the entry in it. */
static inline struct page *pgtable_of(const pte_t *pte)
{
    return virt_to_page(pte);
}

static inline uint32_t pgtable_index(const pte_t *pte)
{
    return (uintptr_t)pte / sizeof(*pte) % PGTABLE_ENTRIES;
}

/* Narrow the run of entries [*first, *last) of one table, which is not empty, to the part that may have
 * entries in use. It may be empty then. */
static inline void pgtable_narrow(pte_t **first, pte_t **last)
{
    const struct page *table = pgtable_of(*first);
    pte_t *entries = page_to_virt(table);
    *first = MAX(*first, entries + table->table.low);
    *last = MAX(*first, MIN(*last, entries + table->table.high));
}

/* Count `n` entries of [first, last), entries of one table, which have become used. */
static inline void pgtable_count(const pte_t *first, const pte_t *last, size_t n)
{
    struct page *table = pgtable_of(first);
    uint32_t low = pgtable_index(first), high = low + (uint32_t)(last - first);
    table->table_used = (uint16_t)(table->table_used + n);
    table->table.low = (uint16_t)MIN(table->table.low, low);
    table->table.high = (uint16_t)MAX(table->table.high, high);
}

/* Enter `value` in *pte, which is 0. */
static inline void pgtable_enter(pte_t *pte, pte_t value)
{
    ASSERT(*pte == 0);
    *pte = value;
    pgtable_count(pte, pte + 1, 1);
}

/* Make *pte, which is in use, 0. The caller drops what it held. */
static inline void pgtable_remove(pte_t *pte)
{
    *pte = 0;
    pgtable_of(pte)->table_used--;
}

/* Allocate a page directory with an empty user half; NULL: no memory. */
struct pgdir *pgtable_new(void);

/* Free a pgdir, which is not loaded and has no tables left. */
void pgtable_free(struct pgdir *pgdir);

/* Set up the caches of tables. After page_open_ledger(). */
void pgtable_init(void);

/* Allocate a table without entries, for `caller`; NULL: no memory. */
pte_t *pgtable_alloc(uintptr_t caller);

/* Make the table for `va`, if there is one, the pgdir's own, so that its entries can be changed. Returns 1 if
 * it was shared (tables.h), 0 if it was not; -E_NO_MEM: nothing changed. Flushes if the pgdir is loaded. */
static inline int pgtable_own(struct pgdir *pgdir, uintptr_t va)
{
    if (__builtin_expect(pgdir_permits_writes(pgdir, va), 1))
        return 0;
    int error = tables_unshare(pgdir, va);
    return error != 0 ? error : 1;
}

/* The entry for `va`, for the caller to change: in the pgdir's own page table, which is allocated if it is
 * missing or shared. NULL: no memory. */
pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va);

/* The same, but in the table as it is: if it is shared, all its address spaces see the change (tables.h). */
pte_t *pgtable_entry_in_place(struct pgdir *pgdir, uintptr_t va);

/* Clear every entry of [start, end) and drop what they hold; the tables are the pgdir's own. Flushes if the
 * pgdir is loaded. Has points (point.h), and ignores that the caller was killed: so does the next. */
void pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

/* Drop the tables that translate addresses of [start, end): a table that no other directory has is freed,
 * with all that its entries hold. Flushes if the pgdir is loaded. Needs no memory. */
void pgtable_drop(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

/* How many entries the tables for [start, end) have in use, and also those of other addresses in the same
 * tables. */
size_t pgtable_used(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

#endif
