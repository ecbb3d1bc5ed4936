/* SPDX-License-Identifier: MIT */
/*
 * pgtable - allocates and frees page tables, and drops what user entries hold.
 *
 * Every present user entry owns one reference to its frame, every swapped one a reference to its slot. A
 * table is allocated when one of its entries is first needed, and freed when no region is left in its span. A
 * table that is freed is all zeros, and a directory has only the kernel's half: a few of each are cached as
 * they are, and the next fork need not clear them.
 *
 * In the ledger a table belongs to the caller of these functions.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/i386/mmu.h"

struct page;

/* The first entry from `pte` on that is not 0, or `last`. Regions are mostly empty, so four entries are
 * tested at once. */
static inline pte_t *pte_next_used(pte_t *pte, pte_t *last)
{
    while (last - pte >= 4 && (pte[0] | pte[1] | pte[2] | pte[3]) == 0)
        pte += 4;
    while (pte < last && *pte == 0)
        pte++;
    return pte;
}

/* Allocate a page directory with an empty user half; NULL: no memory. */
struct pgdir *pgtable_new(void);

/* Free a pgdir, which is not loaded and has no tables left. */
void pgtable_free(struct pgdir *pgdir);

/* Set up the caches of tables. After page_open_ledger(). */
void pgtable_init(void);

/* The entry for `va`; allocates a missing page table. NULL: no memory. */
pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va);

/* Clear every entry of [start, end) and drop what they hold. Returns how many were in use. Flushes if the
 * pgdir is loaded. Has points (point.h), and ignores that the caller was killed: so does the next. */
size_t pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

/* Free the tables for addresses of [start, end); all entries in them must be 0. Flushes if the pgdir is
 * loaded. */
void pgtable_prune(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

#endif
