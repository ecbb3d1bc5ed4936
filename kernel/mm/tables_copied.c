/* SPDX-License-Identifier: MIT */
/*
 * tables, copied: every address space has page tables of its own.
 */
#include "mm/tables.h"

#include "watch/assert.h"

bool tables_share(struct pgdir *to, struct pgdir *from, uintptr_t va)
{
    (void)to, (void)from, (void)va;
    return false;
}

int tables_unshare(struct pgdir *pgdir, uintptr_t va)
{
    (void)pgdir, (void)va;
    ASSERT(false); /* every directory permits writes below all its tables */
    return 0;
}
