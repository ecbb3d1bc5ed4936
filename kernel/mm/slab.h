/*
 * slab - the kernel heap: small objects of one kind packed into frames.
 *
 * A slab is one frame; its free objects form a list through their own first words, and what is
 * known about it stands in its struct page. In checking builds an object is followed by a red
 * zone and the call site that took it, and is poisoned when it is freed; overruns, double frees
 * and writes after free panic with the cache's name and that site.
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
    size_t stride_bytes; /* from one object to the next */
    size_t per_slab;
    size_t used;              /* objects handed out */
    struct list_node partial; /* slabs with at least one free and one used object */
    struct list_node full;    /* slabs without a free object (for the walk of the ledger) */
    struct page *spare;       /* one empty slab kept for speed, or NULL */
    struct ledger_account account;
    struct kmem_cache *next; /* (slab's own: all caches) */
};

/* Make a cache of objects of `bytes` (at most 2048), aligned to `align` (a power of two, at most
 * 64); opens its ledger account. Takes no memory until the first object. */
void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align);

/* An object with undefined bytes; NULL when there is no memory. */
void *kmem_cache_alloc(struct kmem_cache *cache);

/* The same with all bytes 0. */
void *kmem_cache_zalloc(struct kmem_cache *cache);

/* Give an object of this cache back. */
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* Give an object back that was freed and has waited; for kasan_heap.c. */
void kmem_cache_free_now(void *object);

/* Set up kmalloc(). Once, after page_init(). */
void kmalloc_init(void);

/* The largest object kmalloc() can find room for: one block of frames, 4 MiB. */
#define KMALLOC_MAX ((size_t)PAGE_SIZE << PAGE_MAX_ORDER)

/* `bytes` of memory, up to KMALLOC_MAX, aligned to 8; NULL when there is none or bytes is 0. */
void *kmalloc(size_t bytes);
void *kzalloc(size_t bytes);

/* Give it back; NULL is allowed. */
void kfree(void *object);

/* Bytes handed out: an object counts what its cache was made for, a large one what was asked for. */
size_t kmem_used_bytes(void);

/* Give empty slabs of all caches back to the page allocator. */
void kmem_shrink(void);

/* Whether the cache's lists and counts agree. */
bool kmem_cache_ok(const struct kmem_cache *cache);

#endif
