/*
 * pgtable - page tables as memory: who pays for their frames, and what user entries hold.
 *
 * Every present user entry owns one count of its frame, every swapped one a count of its slot. Tables are
 * made when an entry in them is first needed, and given back when the last region they served is gone. A
 * table that is given back is all zeros, a directory has only the kernel's half: a few of each are kept as
 * they are, and the next fork need not clear them.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/i386/mmu.h"

struct page;

/* The first entry from `pte` on that is not 0, or `last`. Regions are mostly empty, so four are looked
 * at in one go. */
static inline pte_t *pte_next_used(pte_t *pte, pte_t *last)
{
    while (last - pte >= 4 && (pte[0] | pte[1] | pte[2] | pte[3]) == 0)
        pte += 4;
    while (pte < last && *pte == 0)
        pte++;
    return pte;
}

/* A new address space with nothing in its user half; NULL: no memory. */
struct pgdir *pgtable_new(void);

/* Give up a pgdir, which is not loaded and has no tables left. */
void pgtable_free(struct pgdir *pgdir);

/* Set up the stock of tables. After page_open_ledger(). */
void pgtable_init(void);

/* The entry for `va`, its tables made where they are missing; NULL: no memory. */
pte_t *pgtable_entry(struct pgdir *pgdir, uintptr_t va);

/* Clear every entry of [start, end), dropping what they hold; returns how many were in use.
 * Flushes when the pgdir is loaded. */
size_t pgtable_clear(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

/* Give back the tables that serve addresses of [start, end), in which no entry is left anywhere.
 * Flushes when the pgdir is loaded. */
void pgtable_prune(struct pgdir *pgdir, uintptr_t start, uintptr_t end);

#endif
