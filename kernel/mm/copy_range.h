/*
 * copy_range - how a child gets its parent's pages. A policy: Meson picks copy_range_cow.c, which
 * shares them until one side writes, or copy_range_eager.c, which copies them at once.
 *
 * The eager file is the specification of the other: a program cannot tell them apart.
 */
#ifndef MM_COPY_RANGE_H
#define MM_COPY_RANGE_H

#include "mm/mm.h"

/* Give `to` what `from` has mapped in the region [start, end) with flags `flags`. Nothing is mapped
 * there in `to`. -E_NO_MEM: some pages may have been given; the caller clears the range. The
 * translations of `from` may have lost rights: the caller flushes. Caller holds from->lock. */
int copy_range(struct mm *to, struct mm *from, uintptr_t start, uintptr_t end, uint32_t flags);

/* A write hit the present entry *pte for `va`, in a writable region. Make it writable: MM_COPY,
 * MM_REUSE, MM_OOM; or MM_FILL when it is writable already. Flushes. Caller holds mm->lock. */
enum mm_outcome copy_range_write(struct mm *mm, uintptr_t va, pte_t *pte);

/* The entry *pte for `va`, in a region that is `writable` or not, names a slot, and an access wants the page
 * (`write` or a read). Map it, if it comes to that read-only until written: MM_SWAP_IN, MM_OOM,
 * MM_SWAP_FAULT. Caller holds mm->lock. */
enum mm_outcome copy_range_swap_in(struct mm *mm, uintptr_t va, pte_t *pte, bool writable, bool write);

#endif
