/* SPDX-License-Identifier: MIT */
/*
 * mmu - two-level paging of the i386 (Intel SDM vol. 3A, 4.3).
 *
 * Linear memory is mapped by 4 MiB pages, but the kernel image by 4 KiB pages, so that text and
 * rodata can be read-only and the boot stack can have a guard page.
 */
#include "arch/i386/mmu.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/assert.h"

#define LARGE_BYTES 0x400000u
#define LARGE_SHIFT 22
#define ENTRIES 1024
#define KERNEL_FIRST (KERNEL_HALF >> LARGE_SHIFT)

#define KERNEL_LOAD 0x100000u /* start of the image, as in kernel.ld */

extern char kernel_rodata_end[], kernel_lines[], kernel_end[], boot_stack_guard[];

_Alignas(PAGE_SIZE) struct pgdir kernel_pgdir;

static pte_t *kernel_pte(uintptr_t va)
{
    pte_t *pte = pte_find(&kernel_pgdir, va);
    ASSERT(pte != NULL);
    return pte;
}

/* Replace the large page at `va` by a table of small ones with the same rights. */
static void split_large(uintptr_t va, void *(*boot_alloc)(void))
{
    pte_t *table = boot_alloc();
    uintptr_t base = ALIGN_DOWN(va, LARGE_BYTES);
    for (size_t i = 0; i < ENTRIES; i++)
        table[i] = pte_make(virt_to_phys((void *)base) + (paddr_t)(i * PAGE_SIZE), PTE_W);
    kernel_pgdir.entries[va >> LARGE_SHIFT] = virt_to_phys(table) | PTE_P | PTE_W;
}

static void make_read_only(uintptr_t va, uintptr_t end)
{
    for (; va < end; va += PAGE_SIZE)
        *kernel_pte(va) &= ~PTE_W;
}

static void protect_kernel(void *(*boot_alloc)(void))
{
    for (uintptr_t va = KERNBASE; va < (uintptr_t)kernel_end; va += LARGE_BYTES)
        split_large(va, boot_alloc);
    make_read_only(KERNBASE + KERNEL_LOAD, (uintptr_t)kernel_rodata_end);
    make_read_only((uintptr_t)kernel_lines, (uintptr_t)kernel_end);
    *kernel_pte((uintptr_t)boot_stack_guard) = 0;
}

/* Add the tables for `n` pages from `va` on, a multiple of a table's span. */
static void add_kva_tables(uintptr_t va, size_t n, void *(*boot_alloc)(void))
{
    for (size_t i = 0; i < n; i += ENTRIES, va += LARGE_BYTES)
        kernel_pgdir.entries[va >> LARGE_SHIFT] = virt_to_phys(boot_alloc()) | PTE_P | PTE_W;
}

void mmu_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(void))
{
    kernel_pgdir.entries[0] = 0; /* boot.S ran there */
    for (paddr_t pa = ALIGN_UP(memory_end, LARGE_BYTES); pa < KMEMSIZE; pa += LARGE_BYTES)
        kernel_pgdir.entries[(pa + KERNBASE) >> LARGE_SHIFT] = 0;
    protect_kernel(boot_alloc);
    ASSERT(kva_pages <= KVA_PAGES + KVA_MORE_PAGES);
    add_kva_tables(KVA_BASE, MIN(kva_pages, (size_t)KVA_PAGES), boot_alloc);
    add_kva_tables(KVA_MORE_BASE, kva_pages - MIN(kva_pages, (size_t)KVA_PAGES), boot_alloc);
    mmu_load(&kernel_pgdir);
}

uint32_t mmu_flushes;

void pgdir_init(struct pgdir *pgdir)
{
    memcpy(&pgdir->entries[KERNEL_FIRST], &kernel_pgdir.entries[KERNEL_FIRST],
           (ENTRIES - KERNEL_FIRST) * sizeof(pgdir->entries[0]));
}

void pgdir_add_table(struct pgdir *pgdir, uintptr_t va, void *table)
{
    ASSERT(va < KERNBASE && !(pgdir->entries[va >> LARGE_SHIFT] & PTE_P));
    pgdir->entries[va >> LARGE_SHIFT] = virt_to_phys(table) | (va < USERTOP ? PTE_RIGHTS : PTE_P | PTE_W);
}

void *pgdir_take_table(struct pgdir *pgdir, uintptr_t va)
{
    ASSERT(va < KERNBASE);
    uint32_t *pde = &pgdir->entries[va >> LARGE_SHIFT];
    if (!(*pde & PTE_P))
        return NULL;
    void *table = phys_to_virt(pte_frame(*pde));
    *pde = 0;
    return table;
}

void pgdir_share_table(struct pgdir *to, struct pgdir *from, uintptr_t va)
{
    uint32_t *pde = &from->entries[va >> LARGE_SHIFT];
    ASSERT(va < USERTOP && (*pde & PTE_P) && !(to->entries[va >> LARGE_SHIFT] & PTE_P));
    *pde &= ~PTE_W;
    to->entries[va >> LARGE_SHIFT] = *pde;
}

void pgdir_replace_table(struct pgdir *pgdir, uintptr_t va, void *table)
{
    ASSERT(va < USERTOP && (pgdir->entries[va >> LARGE_SHIFT] & PTE_P));
    pgdir->entries[va >> LARGE_SHIFT] = virt_to_phys(table) | PTE_RIGHTS;
}

void mmu_kva_map(uintptr_t va, paddr_t frame)
{
    ASSERT(!pte_present(*kernel_pte(va)));
    *kernel_pte(va) = pte_make(frame, PTE_W);
}

void mmu_kva_map_device(uintptr_t va, paddr_t frame)
{
    ASSERT(!pte_present(*kernel_pte(va)));
    *kernel_pte(va) = pte_make(frame, PTE_W | PTE_UNCACHED);
}

void mmu_kva_unmap(uintptr_t va)
{
    ASSERT(pte_present(*kernel_pte(va)));
    *kernel_pte(va) = 0;
    mmu_flush_page(va);
}

static uint32_t rights_of(uint32_t entry)
{
    return entry & PTE_P ? entry & PTE_RIGHTS : 0;
}

/* Returns the rights of page number `page`; *n is a number of pages from it on with the same rights. */
static uint32_t page_rights(const struct pgdir *pgdir, size_t page, size_t *n)
{
    uint32_t pde = pgdir->entries[page / ENTRIES];
    *n = 1;
    if ((pde & PTE_P) && !(pde & PTE_LARGE))
        return rights_of(((const pte_t *)phys_to_virt(pte_frame(pde)))[page % ENTRIES]);
    *n = ENTRIES - page % ENTRIES;
    return rights_of(pde);
}

/* Visit the runs of pages from number `page` to `end`. */
static int walk_pages(const struct pgdir *pgdir, size_t page, size_t end, mmu_visit_fn *visit)
{
    int result = 0;
    for (size_t n, next; page < end && result == 0; page = next) {
        uint32_t rights = page_rights(pgdir, page, &n);
        next = page + n;
        while (next < end && result == 0 && page_rights(pgdir, next, &n) == rights) {
            next += n;
            if (next % ENTRIES == 0)
                result = visit(NULL);
        }
        if (rights != 0 && result == 0)
            result = visit(&(struct mmu_run){1, next - page, page << PAGE_SHIFT, next << PAGE_SHIFT, rights});
    }
    return result;
}

int mmu_walk_runs(const struct pgdir *pgdir, mmu_visit_fn *visit)
{
    int result = 0;
    for (size_t i = 0, next; i < ENTRIES && result == 0; i = next) {
        uint32_t rights = rights_of(pgdir->entries[i]);
        for (next = i + 1; next < ENTRIES && rights_of(pgdir->entries[next]) == rights;)
            next++;
        if (rights == 0)
            continue;
        result = visit(&(struct mmu_run){0, next - i, i << LARGE_SHIFT, next << LARGE_SHIFT, rights});
        if (result == 0)
            result = walk_pages(pgdir, i * ENTRIES, next * ENTRIES, visit);
    }
    return result;
}
