/* SPDX-License-Identifier: MIT */
/*
 * slab - the kernel heap: caches of equal objects, packed into frames, and kmalloc().
 *
 * A slab is one frame; its free objects form a list through their own first words, and what is known about
 * it is in its struct page. Misuse is found by the build's heap guard (heap_guard.h).
 *
 * Not to be called from interrupt handlers.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"
#include "mm/page.h"
#include "watch/ledger.h"

struct kmem_cache {
    const char *name;
    size_t object_bytes; /* as asked for */
    size_t room_bytes;   /* of an object: a free one holds at least a pointer */
    size_t stride_bytes; /* from one object to the next */
    size_t per_slab;
    size_t used;              /* objects in use */
    struct list_node partial; /* slabs with at least one free and one used object */
    struct list_node full;    /* slabs without a free object (the ledger walks over them) */
    struct page *empty;       /* one slab without a used object, or NULL: the next refill is cheap */
    struct ledger_account account;
    struct kmem_cache *next; /* (slab's own: all caches) */
};

/* Make a cache of objects of `bytes` (at most 2048), aligned to `align` (a power of two, at most 64), and
 * open its ledger account. Allocates nothing until the first object. */
void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align);

/* Allocate an object with undefined bytes; NULL if there is no memory. */
void *kmem_cache_alloc(struct kmem_cache *cache);

/* The same with all bytes 0. */
void *kmem_cache_zalloc(struct kmem_cache *cache);

/* Free an object of this cache. */
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* Set up kmalloc(). Once, after page_init(). */
void kmalloc_init(void);

/* The largest object kmalloc() can allocate: one block of frames, 4 MiB. */
#define KMALLOC_MAX ((size_t)PAGE_SIZE << PAGE_MAX_ORDER)

/* Allocate `bytes`, up to KMALLOC_MAX, aligned to 8; NULL if there is no memory or bytes is 0. */
void *kmalloc(size_t bytes);
void *kzalloc(size_t bytes);

/* Free an object of kmalloc(), or of any cache. NULL is allowed. */
void kfree(void *object);

/* Bytes in use: an object counts its cache's object_bytes, a large one what was asked for. */
size_t kmem_used_bytes(void);

/* Free the empty slabs of all caches. */
void kmem_shrink(void);

/* Whether the cache's lists and counts agree. */
bool kmem_cache_ok(const struct kmem_cache *cache);

#endif
