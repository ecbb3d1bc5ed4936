/*
 * mmu - page tables: the only code that knows how many levels there are and what an entry looks like.
 *
 * A pgdir translates one address space. Its user half belongs to one mm; the kernel half is the
 * same in all, complete since boot: the tables of the kernel's virtual area are all there, so
 * that no mapping made later has to be copied anywhere.
 *
 * The frames of tables are brought and taken away by the caller (mm/pgtable.c keeps the account).
 * Every function that takes rights away flushes, or says that its caller does.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "arch/i386/linear.h"

/* A leaf entry, Intel SDM vol. 3A, 4.3. Three bits are ours; we use one. */
typedef uint32_t pte_t;
#define PTE_P 0x001u
#define PTE_W 0x002u
#define PTE_U 0x004u
#define PTE_UNCACHED 0x018u /* PCD and PWT */
#define PTE_A 0x020u        /* set by the CPU: used, written to */
#define PTE_D 0x040u
#define PTE_LARGE 0x080u
#define PTE_COW 0x200u /* present, read-only until written: copy, or take back when alone */
#define PTE_RIGHTS (PTE_P | PTE_W | PTE_U)

/* An entry that is not present is 0, or names the place on the disk where the page is: its number in
 * the bits of the frame, all others 0. The CPU looks at none of them (SDM vol. 3A, 4.3). */
#define PTE_SLOTS (1u << 20)

/* Page fault error code, Intel SDM vol. 3A, 4.7 */
#define FAULT_PRESENT 0x1u
#define FAULT_WRITE 0x2u
#define FAULT_USER 0x4u

/* Virtual area of the kernel: stacks with guard pages. Which part has tables is set at boot. */
#define KVA_BASE 0xFB000000u
#define KVA_END 0xFFFFF000u

/* Where the kernel's half really begins with kasan: arch/i386/shadow.h. */
#define SHADOW_BASE 0xB8000000u

/* Addresses that one table of leaf entries translates; a table begins at a multiple of it. */
#define MMU_TABLE_SPAN 0x400000u

struct pgdir {
    uint32_t entries[1024];
};

/* One frame; never freed. The address space of the kernel alone. */
extern struct pgdir kernel_pgdir;

static inline pte_t pte_make(paddr_t frame, uint32_t rights)
{
    return frame | PTE_P | rights;
}

static inline bool pte_present(pte_t pte)
{
    return (pte & PTE_P) != 0;
}

static inline bool pte_writable(pte_t pte)
{
    return (pte & PTE_W) != 0;
}

static inline bool pte_cow(pte_t pte)
{
    return (pte & PTE_COW) != 0;
}

static inline bool pte_swapped(pte_t pte)
{
    return pte != 0 && !pte_present(pte);
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

/* Boot: boot.S has mapped all linear memory; unmap what lies above `memory_end` (bytes), give the
 * kernel's virtual area tables for `kva_pages` pages, make text and rodata read-only, unmap the
 * low addresses and the guard page of the boot stack. `boot_alloc` returns zeroed frames. */
void mmu_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(void));

/* Make a zeroed frame a page directory: nothing in user space, the kernel's half shared. */
void pgdir_init(struct pgdir *pgdir);

/* The leaf entry for `va`, or NULL when a table is missing on the way. */
static inline pte_t *pte_find(struct pgdir *pgdir, uintptr_t va)
{
    uint32_t pde = pgdir->entries[va >> 22];
    if (!(pde & PTE_P))
        return NULL;
    return (pte_t *)phys_to_virt(pde & ~0xFFFu) + ((va >> 12) & 1023);
}

/* The leaf entries for the pages from `va` towards `end` that lie side by side: their number in
 * *n, at least 1, and the first as result; NULL when there is no table for these *n pages. */
static inline pte_t *pte_run(struct pgdir *pgdir, uintptr_t va, uintptr_t end, size_t *n)
{
    uintptr_t table_end = (va | (MMU_TABLE_SPAN - 1)) + 1; /* wraps to 0 only above user space */
    *n = ((table_end < end ? table_end : end) - va) >> PAGE_SHIFT;
    return pte_find(pgdir, va);
}

/* Add `table`, a zeroed frame in linear memory, as the next table missing on the way to `va`.
 * Call until pte_find() succeeds. */
void pgdir_add_table(struct pgdir *pgdir, uintptr_t va, void *table);

/* Take out the table that translates `va`, of user space; NULL when there is none. All its entries
 * are 0, and the caller owns it again. The caller flushes if the pgdir may be loaded. */
void *pgdir_take_table(struct pgdir *pgdir, uintptr_t va);

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

/* Forget translations of user pages, of this CPU: one, or all. */
static inline void mmu_flush_page(uintptr_t va)
{
    cpu_invlpg(va);
}

static inline void mmu_flush_all(void)
{
    cpu_write_cr3(cpu_read_cr3());
}

/* Neighbouring entries with equal rights. */
struct mmu_run {
    int level;            /* 0: of the directory; 1: of the tables under such a run */
    size_t count;         /* entries of that level */
    uintptr_t start, end; /* the addresses they translate */
    uint32_t rights;      /* PTE_P, PTE_W, PTE_U */
};

/* Call `visit` for each run of the directory and, behind it, for each run of pages inside it, until
 * it returns something other than 0; that is the result. No table may go meanwhile. */
typedef int mmu_visit_fn(const struct mmu_run *run);
int mmu_walk_runs(const struct pgdir *pgdir, mmu_visit_fn *visit);

/* Whether the kernel may read the word at `va` without a fault: for backtraces. */
bool mmu_readable(uintptr_t va);

#endif
