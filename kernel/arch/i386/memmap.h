/*
 * memmap - which physical memory there is, as far as the firmware can be believed.
 *
 * Built at boot from what the firmware says: bounded, sorted, rounded to whole frames; where two
 * entries disagree, memory that one of them calls unusable is unusable.
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
    /* What was wrong with it. */
    unsigned wrapped;      /* entries that end beyond 2^64 */
    unsigned overlapping;  /* usable entries that overlap another */
    unsigned dropped;      /* ranges for which there was no room */
    uint64_t beyond_bytes; /* usable, but out of the linear map's reach */
};

void memmap_init(struct memmap *map);

/* The firmware says [base, base + length) is usable. */
void memmap_add(struct memmap *map, uint64_t base, uint64_t length);

/* [start, end) is not usable: the firmware says so, or it is in use. After all memmap_add(). */
void memmap_reserve(struct memmap *map, uint64_t start, uint64_t end);

/* Take `bytes`, page-aligned, out of the map for ever: its address, or 0 when there is no room. */
paddr_t memmap_carve(struct memmap *map, size_t bytes);

/* Usable bytes, and the end of the highest usable byte. */
uint64_t memmap_bytes(const struct memmap *map);
paddr_t memmap_end(const struct memmap *map);

#endif
