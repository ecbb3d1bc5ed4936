/* SPDX-License-Identifier: MIT */
/*
 * memmap - the usable physical memory.
 *
 * Built at boot from the firmware's entries: bounded, sorted, rounded to whole frames. Memory that any entry
 * calls unusable is unusable.
 */
#ifndef ARCH_MEMMAP_H
#define ARCH_MEMMAP_H

#include <stddef.h>
#include <stdint.h>

#include "arch/i386/linear.h"

#define MEMMAP_MAX 64

struct memmap_range {
    paddr_t start, end; /* page-aligned, start < end */
};

struct memmap {
    struct memmap_range range[MEMMAP_MAX]; /* usable, sorted, disjoint */
    size_t n;
    /* Errors in the firmware's entries. */
    unsigned wrapped;      /* entries that end beyond 2^64 */
    unsigned overlapping;  /* usable entries that overlap another */
    unsigned dropped;      /* ranges that did not fit into the array */
    uint64_t beyond_bytes; /* usable, but beyond the linear map */
};

void memmap_init(struct memmap *map);

/* Add the usable range [base, base + length). */
void memmap_add(struct memmap *map, uint64_t base, uint64_t length);

/* Remove [start, end), which is unusable or in use. Call after all memmap_add(). */
void memmap_reserve(struct memmap *map, uint64_t start, uint64_t end);

/* Remove a page-aligned range of `bytes` from the map for good. Returns its address; 0 if there is no room.
 */
paddr_t memmap_carve(struct memmap *map, size_t bytes);

/* The number of usable bytes, and the end of the highest range. */
uint64_t memmap_bytes(const struct memmap *map);
paddr_t memmap_end(const struct memmap *map);

#endif
