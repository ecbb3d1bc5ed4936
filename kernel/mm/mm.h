/* SPDX-License-Identifier: MIT */
/*
 * mm - the address space of a process: its regions, its page tables, its heap.
 *
 * Regions say what is valid; page tables hold only pages that have been accessed. No file of mm knows
 * processes: functions return an error, and the caller decides what to do with the process.
 *
 * mm->lock, a sleeping lock, protects regions and entries. Eviction (swap.h) alone changes entries without
 * it, at any allocation and without sleeping: code that uses an entry after an allocation must read it again.
 * The function that drops the last reference is the only user of the mm and needs no lock.
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
    uint32_t count;      /* processes that use it, and visitors */
    uint32_t visitors;   /* processes that only look into it; see proc/visit.h */
    struct mutex lock;   /* protects all that follows */
    struct pgdir *pgdir; /* (set once) */
    struct vma_set vmas;
    uintptr_t brk_start, brk; /* the heap; brk is not rounded */
    struct lineage *lineage;  /* (set once) NULL without swap; see rmap.h */
};

/* Set up the caches of address spaces, regions, their objects and page tables. After kmalloc_init(). */
void mm_init(void);

/* Allocate an empty address space with count 1, whose lineage is a child of `parent`; NULL: no memory. */
struct mm *mm_new(struct lineage *parent);

/* How many references were dropped since boot; it wraps. */
uint32_t mm_drop_count(void);

/* Let the mm's pages be evicted from now on. It must be complete. */
void mm_publish(struct mm *mm);

static inline void mm_hold(struct mm *mm)
{
    mm->count++;
}

/* How many processes have it as their memory. */
static inline uint32_t mm_users(const struct mm *mm)
{
    return mm->count - mm->visitors;
}

/* Drop one reference; with the last one everything is freed, and the pgdir must not be loaded. */
void mm_drop(struct mm *mm);

/* Make a copy of `from` for a child: its regions, and its pages by copy_range(). Returns NULL with -E_NO_MEM,
 * or -E_KILLED if the caller was killed at a point (point.h), in *error: `from` is as before. Caller holds
 * from->lock. */
struct mm *mm_dup(struct mm *from, int *error);

/* Add a region like `model`; see vma_add(). Returns -E_INVAL also outside user space. Caller holds mm->lock.
 */
int mm_map(struct mm *mm, const struct vma *model);

/* The ABI's mmap() and munmap(). mm_mmap() returns the address, or a negative error as a number above
 * 0xfffff000; mm_munmap() 0, -E_INVAL or -E_NO_MEM. Caller holds mm->lock. */
uintptr_t mm_mmap(struct mm *mm, uintptr_t addr, size_t length, unsigned prot, unsigned flags);
int mm_munmap(struct mm *mm, uintptr_t addr, size_t length);

/* Linux's mprotect(): regions and their pages get the rights `prot`. Returns 0; -E_INVAL if `addr` is not a
 * page's or `prot` has an unknown bit; -E_NO_MEM if not all of the range is mapped, or there is no memory:
 * what lies before that has got its rights. Caller holds mm->lock. */
int mm_protect(struct mm *mm, uintptr_t addr, size_t length, unsigned prot);

/* The ABI's brk(). Returns the break after the call. Caller holds mm->lock. */
uintptr_t mm_brk(struct mm *mm, uintptr_t addr);

/* Evict the pages of [addr, addr + length). Returns how many were evicted; -E_INVAL if the range is not in
 * user space; -E_KILLED if the caller was killed at a point (point.h). Caller holds mm->lock. */
int mm_pageout(struct mm *mm, uintptr_t addr, size_t length);

/* The pages that are mapped, or on the disk. Cost grows with the number of regions and page tables. */
size_t mm_page_count(struct mm *mm);

/* Count the pages of the mm: private, shared, swapped, of programs. Cost grows with its memory alone. Returns
 * 0; -E_KILLED if the caller was killed at a point (point.h). Caller holds mm->lock. */
int mm_count_pages(struct mm *mm, struct page_counts *counts);

/* Count the pages and slots that the end of the mm would free, because no other mm has them. Cost, result and
 * locks as above. */
int mm_count_own_pages(struct mm *mm, size_t *pages);

/* The outcome of a fault; declared in enums.def. */
enum mm_outcome {
#define MM_OUTCOME(NAME, name) MM_##NAME,
#include <ucow/enums.def>
};

/* Make `va` accessible after a fault, if its region allows the access (`write`, or a read). Returns MM_FILL,
 * MM_COPY, MM_REUSE or MM_SWAP_IN if the access can be retried; else MM_OOM, MM_SEGV or MM_SWAP_FAULT (the
 * page cannot be read from the disk). Caller holds mm->lock. */
enum mm_outcome mm_fault(struct mm *mm, uintptr_t va, bool write);

/* Map `page` at `va`, where nothing is mapped, with rights PTE_W or 0. Takes over the caller's reference,
 * also on an error. Returns 0; -E_NO_MEM. Caller holds mm->lock. */
int mm_map_page(struct mm *mm, uintptr_t va, struct page *page, uint32_t rights);

#endif
