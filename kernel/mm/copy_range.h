/* SPDX-License-Identifier: MIT */
/*
 * copy_range - gives a child its parent's pages at fork. A policy: Meson picks copy_range_cow.c, which
 * shares them until one side writes, or copy_range_eager.c, which copies them at once.
 *
 * The eager file is the specification of the other: no program can distinguish them.
 */
#ifndef MM_COPY_RANGE_H
#define MM_COPY_RANGE_H

#include "mm/mm.h"

/* Share or copy what `from` has mapped in the region [start, end) with flags `flags`, where nothing is
 * mapped in `to`. Returns 0; -E_NO_MEM, or -E_KILLED if the caller was killed at a point (point.h): some
 * pages may be mapped, and the caller clears the range. In all cases entries of `from` may have become
 * read-only: the caller flushes. Caller holds from->lock. */
int copy_range(struct mm *to, struct mm *from, uintptr_t start, uintptr_t end, uint32_t flags);

/* Of copy_range_cow.c: share what the entries [first, last) of one table hold, by the entries from `to_first`
 * on, which are 0; with `make_cow`, writable pages become copy-on-write on both sides. Returns how many
 * entries were in use; the caller counts them in the table of `to`, and flushes. */
size_t share_run(pte_t *to_first, pte_t *first, pte_t *last, bool make_cow);

/* Make the present entry *pte for `va`, in a writable region, writable after a write fault. Returns MM_COPY,
 * MM_REUSE or MM_OOM; MM_FILL if it is writable already. Flushes. Caller holds mm->lock. */
enum mm_outcome copy_range_write(struct mm *mm, uintptr_t va, pte_t *pte);

/* A private region becomes writable that has the present entry *pte for `va`: have a page that may then be
 * written. Returns 0; -E_NO_MEM. Caller holds mm->lock. */
int copy_range_own(struct mm *mm, uintptr_t va, pte_t *pte);

/* The right that its entries get then: PTE_W, or PTE_COW. */
uint32_t copy_range_right(void);

/* Map the page whose slot the entry *pte for `va` names, after a write (`write`) or read fault in a region
 * that is `writable` or not. The page may be mapped shared until written. Returns MM_SWAP_IN, MM_OOM or
 * MM_SWAP_FAULT. Caller holds mm->lock. */
enum mm_outcome copy_range_swap_in(struct mm *mm, uintptr_t va, pte_t *pte, bool writable, bool write);

#endif
