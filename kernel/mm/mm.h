/*
 * mm - the address space of a process: its regions, its page tables, its heap.
 *
 * Regions are the truth; page tables hold what has been touched so far. Nothing here says
 * "process": functions return -E_NO_MEM or -E_FAULT, and the caller decides who dies.
 *
 * mm->lock, a sleeping lock, protects regions and entries; "caller holds mm->lock" below. Only eviction
 * (swap.h) changes entries of others, in one go, at any allocation: who keeps an entry across one looks at it
 * again. Whoever drops the last count owns the mm alone and needs no lock.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "lib/mutex_type.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

struct mm {
    uint32_t count;      /* processes that live in it */
    struct mutex lock;   /* protects all that follows */
    struct pgdir *pgdir; /* (set once) */
    struct vma_set vmas;
    uintptr_t brk_start, brk; /* the heap; brk is not rounded */
    size_t pages;             /* user pages mapped, or on the disk */
    struct lineage *lineage;  /* (set once) with swap: its place in the tree of forks; see rmap.h */
};

/* Set up the caches of mm, vma and its objects. */
void mm_init(void);

/* An empty address space with count 1, in the tree of forks below `parent` (with swap); NULL: no memory. */
struct mm *mm_new(struct lineage *parent);

/* It is complete: from here on its pages can be evicted. */
void mm_publish(struct mm *mm);

static inline void mm_hold(struct mm *mm)
{
    mm->count++;
}

/* Give up one count; with the last one everything goes. Its pgdir must not be loaded then. */
void mm_drop(struct mm *mm);

/* A copy of `from` for a child: regions, and pages by copy_range() as the build has it; -E_NO_MEM
 * in *error and NULL: `from` is as before. Caller holds from->lock. */
struct mm *mm_dup(struct mm *from, int *error);

/* Add a region like `model`; see vma_add(). -E_INVAL also outside user space. Caller holds mm->lock. */
int mm_map(struct mm *mm, const struct vma *model);

/* mmap() and munmap() of the ABI: the address, or a negative error as a number above 0xfffff000;
 * 0, -E_INVAL, -E_NO_MEM. Caller holds mm->lock. */
uintptr_t mm_mmap(struct mm *mm, uintptr_t addr, size_t length, unsigned prot, unsigned flags);
int mm_munmap(struct mm *mm, uintptr_t addr, size_t length);

/* brk() of the ABI: the break afterwards. Caller holds mm->lock. */
uintptr_t mm_brk(struct mm *mm, uintptr_t addr);

/* Have the pages of [addr, addr + length) leave memory, as eviction would: how many did; -E_INVAL: not in
 * user space. Caller holds mm->lock. */
int mm_pageout(struct mm *mm, uintptr_t addr, size_t length);

/* How many of its pages are its own, shared, on the disk, and of programs. Cost grows with its memory alone.
 * Caller holds mm->lock. */
void mm_count_pages(struct mm *mm, struct page_counts *counts);

/* How a fault ended; declared in enums.def. */
enum mm_outcome {
#define MM_OUTCOME(NAME, name) MM_##NAME,
#include <ucow/enums.def>
};

/* Make `va` accessible after a fault, if its region allows the access (`write`, or a read).
 * Returns what was done: MM_FILL, MM_COPY, MM_REUSE or MM_SWAP_IN when the access can be tried again,
 * MM_OOM, MM_SEGV or MM_SWAP_FAULT (the disk cannot read the page) when not. Caller holds mm->lock. */
enum mm_outcome mm_fault(struct mm *mm, uintptr_t va, bool write);

/* Put `page` at `va` with rights PTE_W or none; takes over the caller's count also on failure.
 * -E_NO_MEM. Nothing is mapped there yet. Caller holds mm->lock. */
int mm_map_page(struct mm *mm, uintptr_t va, struct page *page, uint32_t rights);

#endif
