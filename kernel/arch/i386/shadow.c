/* SPDX-License-Identifier: MIT */
/*
 * shadow - builds the page tables of the shadow. Not instrumented, because it runs while the shadow changes.
 */
#include "arch/i386/shadow.h"

#include "lib/util.h"

extern char early_shadow[], early_shadow_table[]; /* boot.S */

/* Make the early page zero and read-only: it becomes the shadow of addresses without memory. */
static void close_early_shadow(void)
{
    pte_t *table = (pte_t *)(void *)early_shadow_table;
    uint32_t *words = (uint32_t *)(void *)early_shadow;
    for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
        words[i] = 0;
    for (size_t i = 0; i < MMU_TABLE_SPAN / PAGE_SIZE; i++)
        table[i] = pte_make(virt_to_phys(early_shadow), 0);
}

/* Replace the early table for the shadow at `va`. No code may write to the shadow between the two calls of
 * pgdir functions; they have no stack variables that would be marked. */
static void split(uintptr_t va, void *(*boot_alloc)(size_t bytes))
{
    pte_t *table = boot_alloc(PAGE_SIZE);
    for (size_t i = 0; i < MMU_TABLE_SPAN / PAGE_SIZE; i++)
        table[i] = pte_make(virt_to_phys(early_shadow), 0);
    pgdir_take_table(&kernel_pgdir, va);
    pgdir_add_table(&kernel_pgdir, va, table);
}

static bool is_early(uintptr_t va)
{
    return (void *)pte_find(&kernel_pgdir, ALIGN_DOWN(va, MMU_TABLE_SPAN)) == early_shadow_table;
}

static void map(uintptr_t start, size_t bytes, void *(*boot_alloc)(size_t bytes))
{
    uintptr_t va = ALIGN_DOWN((uintptr_t)shadow_of(start), PAGE_SIZE);
    uintptr_t end = ALIGN_UP((uintptr_t)shadow_of(start + bytes - 1) + 1, PAGE_SIZE);
    paddr_t pa = virt_to_phys(boot_alloc(end - va));
    for (; va < end; va += PAGE_SIZE, pa += PAGE_SIZE) {
        if (is_early(va))
            split(va, boot_alloc);
        *pte_find(&kernel_pgdir, va) = pte_make(pa, PTE_W);
    }
}

void shadow_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(size_t bytes))
{
    map(KERNBASE, memory_end, boot_alloc);
    map(KVA_BASE, MIN(kva_pages, (size_t)KVA_PAGES) * PAGE_SIZE, boot_alloc);
    if (kva_pages > KVA_PAGES)
        map(KVA_MORE_BASE, (kva_pages - KVA_PAGES) * PAGE_SIZE, boot_alloc);
    close_early_shadow();
    mmu_flush_all();
}
