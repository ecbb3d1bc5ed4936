/* SPDX-License-Identifier: MIT */
/*
 * heap_large - heap objects beyond the largest class of kmalloc(): blocks of frames. Only for slab.c.
 */
#ifndef MM_HEAP_LARGE_H
#define MM_HEAP_LARGE_H

#include <stddef.h>
#include <stdint.h>

struct page;

/* Open the ledger account of large objects. */
void heap_large_init(void);

/* Allocate `bytes`, at most KMALLOC_MAX, for `caller`; NULL if there is no memory. Never inlined, and so
 * kmalloc() is inlined where the size is known: there it is this call alone. */
__attribute__((noinline)) void *heap_large_alloc(size_t bytes, uintptr_t caller);

/* Free `object`, which begins in `block`. */
void heap_large_free(struct page *block, void *object, uintptr_t caller);

/* The sum of the bytes asked for by all large objects in use. */
size_t heap_large_bytes(void);

#endif
