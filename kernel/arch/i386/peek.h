/* SPDX-License-Identifier: MIT */
/*
 * peek - whether kernel memory can be read, for code that follows pointers it cannot trust.
 *
 * Walks the page tables that CR3 points to, so it depends on no state of the kernel: a backtrace works
 * at any time after paging is on, whatever else is broken.
 */
#ifndef ARCH_PEEK_H
#define ARCH_PEEK_H

#include "arch/i386/mmu.h"

/* Whether the kernel can read the word at `va`, in its own half, without a page fault. */
static inline bool peek_readable(uintptr_t va)
{
    struct pgdir *pgdir = phys_to_virt(pte_frame(cpu_read_cr3()));
    if (va < KERNBASE)
        return false;
    if ((pgdir->entries[va / MMU_TABLE_SPAN] & (PTE_P | PTE_LARGE)) == (PTE_P | PTE_LARGE))
        return true;
    const pte_t *pte = pte_find(pgdir, va);
    return pte != NULL && (*pte & PTE_P);
}

#endif
