/* SPDX-License-Identifier: MIT */
/*
 * mmu - page tables: the only code that knows the number of levels and the format of an entry.
 *
 * A pgdir translates one address space. Its user half belongs to one mm; the kernel half is the
 * same in all. All tables of the kernel's virtual area exist since boot, so a later mapping
 * need not be copied to other directories.
 *
 * The caller allocates and frees the frames of tables (mm/pgtable.c counts them).
 * Every function that removes rights flushes the TLB, or says that its caller does.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "arch/i386/linear.h"
#include "config.h"

/* A leaf entry, Intel SDM vol. 3A, 4.3. Three bits are available to software; two are used. */
typedef uint32_t pte_t;
#define PTE_P 0x001u
#define PTE_W 0x002u
#define PTE_U 0x004u
#define PTE_UNCACHED 0x018u /* PCD and PWT */
#define PTE_A 0x020u        /* set by the CPU: accessed, written to */
#define PTE_D 0x040u
#define PTE_LARGE 0x080u
#define PTE_COW 0x200u /* present and read-only; a write copies the page, or reuses it if the count is 1 */
/* The entry has a page as a present one, but PTE_P is 0: the CPU permits no access. */
#define PTE_HIDDEN 0x400u
#define PTE_RIGHTS (PTE_P | PTE_W | PTE_U)

/* An entry that is neither present nor hidden is 0, or has the number of the page's slot on the disk in the
 * bits of the frame, and 0 in all others. The CPU ignores these bits (SDM vol. 3A, 4.3). */
#define PTE_SLOTS (1u << 20)

/* Page fault error code, Intel SDM vol. 3A, 4.7 */
#define FAULT_PRESENT 0x1u
#define FAULT_WRITE 0x2u
#define FAULT_USER 0x4u

/* The kernel's virtual area: stacks with guard pages. It has two parts, the second for machines with much
 * memory, and the boot decides how much has tables. Pages of each part are a multiple of the pages of a stack
 * with its guard, of which there are 2, 3, 5 or 9. */
#define KVA_BASE 0xFB000000u
#define KVA_PAGES 20430u /* ends below 0xFFFFF000 */
#define KVA_MORE_BASE 0xF8000000u
#define KVA_MORE_PAGES 11250u /* ends below 0xFAC00000 */

/* The address of page number `page` of the kernel's virtual area, and the number of the page at `va`. */
static inline uintptr_t kva_page_at(size_t page)
{
    return page < KVA_PAGES ? KVA_BASE + page * PAGE_SIZE : KVA_MORE_BASE + (page - KVA_PAGES) * PAGE_SIZE;
}

static inline size_t kva_page_number(uintptr_t va)
{
    return va >= KVA_BASE ? (va - KVA_BASE) / PAGE_SIZE : KVA_PAGES + (va - KVA_MORE_BASE) / PAGE_SIZE;
}

/* Start of the kernel half with kasan: arch/i386/shadow.h. */
#define SHADOW_BASE 0xB8000000u
#define KERNEL_HALF (CONFIG_KASAN ? SHADOW_BASE : KERNBASE)

/* Bytes that one table of leaf entries translates; a table starts at a multiple of it. */
#define MMU_TABLE_SPAN 0x400000u

struct pgdir {
    uint32_t entries[1024];
};

/* The address space without a user half. One frame, never freed. */
extern struct pgdir kernel_pgdir;

static inline pte_t pte_make(paddr_t frame, uint32_t rights)
{
    return frame | PTE_P | rights;
}

/* Whether the entry has a page in memory, which no access but one of the kernel's own may reach if hidden. */
static inline bool pte_present(pte_t pte)
{
    return (pte & (PTE_P | PTE_HIDDEN)) != 0;
}

static inline bool pte_hidden(pte_t pte)
{
    return (pte & PTE_HIDDEN) != 0;
}

static inline bool pte_writable(pte_t pte)
{
    return (pte & PTE_W) != 0;
}

static inline bool pte_cow(pte_t pte)
{
    return (pte & PTE_COW) != 0;
}

/* Always false in a kernel without swap. */
static inline bool pte_swapped(pte_t pte)
{
    return CONFIG_SWAP && pte != 0 && !pte_present(pte);
}

/* `slot`, from 1 to PTE_SLOTS - 1. */
static inline pte_t pte_make_swapped(uint32_t slot)
{
    return slot << PAGE_SHIFT;
}

static inline uint32_t pte_slot(pte_t pte)
{
    return pte >> PAGE_SHIFT;
}

static inline paddr_t pte_frame(pte_t pte)
{
    return pte & ~0xFFFu;
}

/* Complete the directory that boot.S made: unmap linear memory above `memory_end` (bytes), the low addresses
 * and the guard page of the boot stack, allocate tables for the first `kva_pages` pages of the kernel's
 * virtual area, and make text and rodata read-only. `boot_alloc` returns zeroed frames. */
void mmu_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(void));

/* Initialise a zeroed frame as a page directory: empty user half, shared kernel half. */
void pgdir_init(struct pgdir *pgdir);

/* The leaf entry for `va`; NULL if its table does not exist. */
static inline pte_t *pte_find(struct pgdir *pgdir, uintptr_t va)
{
    uint32_t pde = pgdir->entries[va >> 22];
    if (!(pde & PTE_P))
        return NULL;
    return (pte_t *)phys_to_virt(pde & ~0xFFFu) + ((va >> 12) & 1023);
}

/* Returns the leaf entry for `va`; *n is the number of pages from `va` to `end` whose entries follow in the
 * same table, at least 1. NULL if these *n pages have no table. */
static inline pte_t *pte_run(struct pgdir *pgdir, uintptr_t va, uintptr_t end, size_t *n)
{
    uintptr_t table_end = (va | (MMU_TABLE_SPAN - 1)) + 1; /* wraps to 0 only above user space */
    *n = ((table_end < end ? table_end : end) - va) >> PAGE_SHIFT;
    return pte_find(pgdir, va);
}

/* Add `table`, a zeroed frame in linear memory, as the next missing table for `va`. Takes over the frame.
 * Call until pte_find() succeeds. */
void pgdir_add_table(struct pgdir *pgdir, uintptr_t va, void *table);

/* Remove and return the table for `va` in user space; NULL if there is none. The caller owns the frame and
 * what its entries hold, and flushes if the pgdir may be loaded. */
void *pgdir_take_table(struct pgdir *pgdir, uintptr_t va);

/* Whether the directory permits writes to the pages of the table for `va`, or has no table for it. */
static inline bool pgdir_permits_writes(const struct pgdir *pgdir, uintptr_t va)
{
    return (pgdir->entries[va >> 22] & (PTE_P | PTE_W)) != PTE_P;
}

/* Whether both have the same table for `va`, below which neither permits writes, or none. */
static inline bool pgdir_shares_table(const struct pgdir *a, const struct pgdir *b, uintptr_t va)
{
    return a->entries[va >> 22] == b->entries[va >> 22] && !(a->entries[va >> 22] & PTE_W);
}

/* Enter the table that `from` has for `va` in `to`, too, which has none, and permit no writes below it in
 * either. The caller flushes if `from` may be loaded. */
void pgdir_share_table(struct pgdir *to, struct pgdir *from, uintptr_t va);

/* Replace the table for `va` by `table`, and permit writes. The caller flushes if the pgdir may be loaded. */
void pgdir_replace_table(struct pgdir *pgdir, uintptr_t va, void *table);

/* Map or unmap one page of the kernel's virtual area; unmapping flushes. */
void mmu_kva_map(uintptr_t va, paddr_t frame);
void mmu_kva_map_device(uintptr_t va, paddr_t frame); /* uncached, for a device's registers */
void mmu_kva_unmap(uintptr_t va);

/* Load an address space. */
static inline void mmu_load(struct pgdir *pgdir)
{
    cpu_write_cr3(virt_to_phys(pgdir));
}

static inline bool mmu_is_loaded(struct pgdir *pgdir)
{
    return cpu_read_cr3() == virt_to_phys(pgdir);
}

/* Flush the translation of one user page, or of all, from the TLB of this CPU. */
static inline void mmu_flush_page(uintptr_t va)
{
    cpu_invlpg(va);
}

extern uint32_t mmu_flushes; /* checking builds: how often everything was flushed by mmu_flush_all() */

static inline void mmu_flush_all(void)
{
    if (CONFIG_DEBUG_CHECKS)
        mmu_flushes++;
    cpu_write_cr3(cpu_read_cr3());
}

/* A run of adjacent entries with equal rights. */
struct mmu_run {
    int level;            /* 0: entries of the directory; 1: entries of tables */
    size_t count;         /* number of entries */
    uintptr_t start, end; /* the addresses they translate */
    uint32_t rights;      /* PTE_P, PTE_W, PTE_U */
};

/* Call `visit` for each run of the directory, followed by the runs of pages inside it; and with NULL after
 * each table, so that a walk need not keep others from running. Stops when `visit` returns a value other than
 * 0, and returns that value. No table may be removed meanwhile. */
typedef int mmu_visit_fn(const struct mmu_run *run);
int mmu_walk_runs(const struct pgdir *pgdir, mmu_visit_fn *visit);

#endif
