/* SPDX-License-Identifier: MIT */
/*
 * look - a walk over page tables that checks each step.
 */
#include "watch/look.h"

#include "arch/i386/peek.h"

/* Out of line, because size matters here and time does not. */
__attribute__((noinline)) bool look_physical(paddr_t pa, uint32_t *word)
{
    if (pa >= KMEMSIZE || !look_readable(phys_to_virt(pa), sizeof(*word)))
        return false;
    *word = *(const uint32_t *)phys_to_virt(pa);
    return true;
}

bool look_entries(paddr_t pgdir, uintptr_t va, struct look_entries *entries)
{
    *entries = (struct look_entries){0};
    if (!look_physical(pgdir + va / MMU_TABLE_SPAN * sizeof(uint32_t), &entries->directory))
        return false;
    if ((entries->directory & (PTE_P | PTE_LARGE)) != PTE_P)
        return true;
    size_t in_table = va % MMU_TABLE_SPAN / PAGE_SIZE;
    return look_physical(pte_frame(entries->directory) + in_table * sizeof(pte_t), &entries->table);
}

bool look_word(paddr_t pgdir, uintptr_t va, uint32_t *word)
{
    struct look_entries entries;
    if (!look_entries(pgdir, va, &entries) || !(entries.directory & PTE_P))
        return false;
    if (entries.directory & PTE_LARGE)
        return look_physical((entries.directory & ~(MMU_TABLE_SPAN - 1)) + va % MMU_TABLE_SPAN, word);
    return pte_present(entries.table) && look_physical(pte_frame(entries.table) + va % PAGE_SIZE, word);
}

__attribute__((noinline)) bool look_readable(const void *at, size_t size)
{
    uintptr_t first = (uintptr_t)at, last = first + size - 1;
    if (size == 0 || last < first)
        return false;
    for (uintptr_t page = first & ~(uintptr_t)(PAGE_SIZE - 1);; page += PAGE_SIZE) {
        if (!peek_readable(page))
            return false;
        if (last - page < PAGE_SIZE)
            return true;
    }
}
