/* SPDX-License-Identifier: MIT */
/*
 * slab - slabs and their free lists; kmalloc() chooses a cache by size.
 *
 * A slab is in exactly one place: cache->partial, cache->full, or cache->empty when none of its objects is
 * in use. Its frame's page->cache names its cache, and is NULL in all frames that are not slabs. Objects
 * beyond the largest class of kmalloc() are heap_large.c's.
 */
#include "mm/slab.h"
#include "check/hooks.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
#include "mm/heap_large.h"

#define OBJECT_MAX 2048
#define ALIGN_MAX 64
#define KMALLOC_ALIGN 8

static struct kmem_cache *caches; /* all of them */

static struct kmem_cache classes[] = {
    {.name = "kmalloc-16", .object_bytes = 16},     {.name = "kmalloc-32", .object_bytes = 32},
    {.name = "kmalloc-64", .object_bytes = 64},     {.name = "kmalloc-96", .object_bytes = 96},
    {.name = "kmalloc-128", .object_bytes = 128},   {.name = "kmalloc-192", .object_bytes = 192},
    {.name = "kmalloc-256", .object_bytes = 256},   {.name = "kmalloc-384", .object_bytes = 384},
    {.name = "kmalloc-512", .object_bytes = 512},   {.name = "kmalloc-768", .object_bytes = 768},
    {.name = "kmalloc-1024", .object_bytes = 1024}, {.name = "kmalloc-2048", .object_bytes = OBJECT_MAX},
};

/* ---- Slabs ---- */

/* Allocate a slab without a used object, in no list; NULL if there is no memory. */
static struct page *slab_new(struct kmem_cache *cache)
{
    struct page *slab = page_alloc(PAGE_HEAP);
    uint8_t *object;
    void *next = NULL;

    if (slab == NULL)
        return NULL;
    heap_guard_slab_new(cache, slab);
    object = (uint8_t *)page_to_virt(slab) + cache->per_slab * cache->stride_bytes;
    for (size_t i = 0; i < cache->per_slab; i++) {
        object -= cache->stride_bytes;
        *(void **)(void *)object = next;
        next = object;
    }
    slab->slab_free = next;
    slab->slab_used = 0;
    slab->cache = cache;
    list_init(&slab->link);
    return slab;
}

static void slab_free(struct page *slab)
{
    slab->cache = NULL;
    page_drop(slab);
}

/* Put a slab with free objects into cache->partial, which is empty; false if there is no memory. Rare: not
 * inline, or object_alloc() would save registers for it. */
static __attribute__((noinline)) bool cache_refill(struct kmem_cache *cache)
{
    struct page *slab = cache->empty;

    cache->empty = NULL;
    if (slab == NULL)
        slab = slab_new(cache);
    if (slab == NULL)
        return !list_empty(&cache->partial); /* reclaiming memory may have freed objects of this cache */
    list_add_head(&cache->partial, &slab->link);
    return true;
}

static void cache_shrink(struct kmem_cache *cache)
{
    if (cache->empty != NULL)
        slab_free(cache->empty);
    cache->empty = NULL;
}

/* The slab's last used object was freed: the cache keeps one such slab. */
static void slab_retire(struct kmem_cache *cache, struct page *slab)
{
    list_del(&slab->link);
    if (cache->empty == NULL)
        cache->empty = slab;
    else
        slab_free(slab);
}

/* Allocate an object of which `bytes` will be used. */
static inline void *object_alloc(struct kmem_cache *cache, size_t bytes, uintptr_t caller)
{
    struct page *slab;
    void *object;

    if (inject_fails(INJECT_HEAP, caller) || (list_empty(&cache->partial) && !cache_refill(cache)))
        return NULL;
    slab = list_entry(cache->partial.next, struct page, link);
    object = slab->slab_free;
    heap_guard_allocated(cache, object, bytes, caller);
    slab->slab_free = *(void **)object;
    slab->slab_used++;
    cache->used++;
    if (slab->slab_free == NULL)
        list_move_head(&cache->full, &slab->link);
    return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    return object_alloc(cache, cache->object_bytes, (uintptr_t)__builtin_return_address(0));
}

void *kmem_cache_zalloc(struct kmem_cache *cache)
{
    void *object = object_alloc(cache, cache->object_bytes, (uintptr_t)__builtin_return_address(0));

    return object == NULL ? NULL : memset(object, 0, cache->object_bytes);
}

/* Link a free object into its slab. */
static inline void object_link(void *object)
{
    struct page *slab = virt_to_page(object);
    struct kmem_cache *cache = slab->cache;
    bool was_full = slab->slab_free == NULL;

    *(void **)object = slab->slab_free;
    slab->slab_free = object;
    cache->used--;
    if (--slab->slab_used == 0)
        slab_retire(cache, slab);
    else if (was_full)
        list_move_head(&cache->partial, &slab->link);
}

static inline void object_free(struct kmem_cache *cache, void *object, uintptr_t caller)
{
    void *free = heap_guard_freed(cache, object, caller);

    if (free != NULL)
        object_link(free);
}

/* Link the objects that the heap guard keeps. */
static void drain(void)
{
    for (void *object = heap_guard_drain(); object != NULL; object = heap_guard_drain())
        object_link(object);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    object_free(cache, object, (uintptr_t)__builtin_return_address(0));
}

/* ---- The caches ---- */

static size_t ledger_held(void *context)
{
    drain();
    return ((struct kmem_cache *)context)->used;
}

static void ledger_shrink_cache(void *context)
{
    drain();
    cache_shrink(context);
}

static void slabs_walk(const struct kmem_cache *cache, struct list_node *slabs,
                       void (*visit)(uintptr_t caller))
{
    list_for_each (node, slabs) {
        uint8_t *object = page_to_virt(list_entry(node, struct page, link));

        for (size_t i = 0; i < cache->per_slab; i++, object += cache->stride_bytes) {
            uintptr_t caller;
            if (heap_guard_in_use(cache, object, &caller))
                visit(caller);
        }
    }
}

static void ledger_walk(void *context, void (*visit)(uintptr_t caller))
{
    struct kmem_cache *cache = context;

    slabs_walk(cache, &cache->partial, visit);
    slabs_walk(cache, &cache->full, visit);
}

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    size_t room = MAX(bytes, sizeof(void *));
    size_t stride;

    ASSERT(bytes != 0 && bytes <= OBJECT_MAX);
    ASSERT(align != 0 && align <= ALIGN_MAX && (align & (align - 1)) == 0);
    align = MAX(align, sizeof(void *));
    align = MAX(align, heap_guard_align());
    stride = ALIGN_UP(room + heap_guard_bytes(room), align);

    *cache = (struct kmem_cache){
        .name = name,
        .object_bytes = bytes,
        .room_bytes = room,
        .stride_bytes = stride,
        .per_slab = PAGE_SIZE / stride,
        .next = caches,
        .account = {.name = "heap objects of",
                    .of = name,
                    .context = cache,
                    .held = ledger_held,
                    .shrink = ledger_shrink_cache,
                    .walk = ledger_walk},
    };
    list_init(&cache->partial);
    list_init(&cache->full);
    caches = cache;
    ledger_open(&cache->account);
}

void kmem_shrink(void)
{
    drain();
    for (struct kmem_cache *cache = caches; cache != NULL; cache = cache->next)
        cache_shrink(cache);
}

size_t kmem_used_bytes(void)
{
    size_t bytes = heap_large_bytes();

    drain();
    for (const struct kmem_cache *cache = caches; cache != NULL; cache = cache->next)
        bytes += cache->used * cache->object_bytes;
    return bytes;
}

/* Whether the slab's free list has as many objects as are not in use. */
static bool slab_ok(const struct kmem_cache *cache, const struct page *slab)
{
    size_t free = 0;

    for (void **object = slab->slab_free; object != NULL && free <= cache->per_slab; object = *object) {
        if (virt_to_page(object) != slab)
            return false;
        free++;
    }
    return slab->owner == PAGE_HEAP && slab->cache == cache && free + slab->slab_used == cache->per_slab;
}

bool kmem_cache_ok(const struct kmem_cache *cache)
{
    size_t used = 0;

    if (!list_ok(&cache->partial) || !list_ok(&cache->full))
        return false;
    list_for_each (node, &cache->partial) {
        const struct page *slab = list_entry(node, struct page, link);

        if (!slab_ok(cache, slab) || slab->slab_used == 0 || slab->slab_used == cache->per_slab)
            return false;
        used += slab->slab_used;
    }
    list_for_each (node, &cache->full) {
        const struct page *slab = list_entry(node, struct page, link);

        if (!slab_ok(cache, slab) || slab->slab_free != NULL)
            return false;
        used += slab->slab_used;
    }
    return used == cache->used &&
           (cache->empty == NULL || (slab_ok(cache, cache->empty) && cache->empty->slab_used == 0));
}

/* ---- kmalloc ---- */

void kmalloc_init(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        kmem_cache_init(&classes[i], classes[i].name, classes[i].object_bytes, KMALLOC_ALIGN);
    heap_large_init();
}

static inline void *heap_alloc(size_t bytes, uintptr_t caller)
{
    if (bytes == 0 || bytes > KMALLOC_MAX)
        return NULL;
    if (bytes > OBJECT_MAX)
        return heap_large_alloc(bytes, caller);
    size_t i = 0;
    while (bytes > classes[i].object_bytes) /* ends: the last class has objects of OBJECT_MAX bytes */
        i++;
    return object_alloc(&classes[i], bytes, caller);
}

void *kmalloc(size_t bytes)
{
    return heap_alloc(bytes, (uintptr_t)__builtin_return_address(0));
}

void *kzalloc(size_t bytes)
{
    void *object = heap_alloc(bytes, (uintptr_t)__builtin_return_address(0));

    return object == NULL ? NULL : memset(object, 0, bytes);
}

void kfree(void *object)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    struct page *page;

    if (object == NULL)
        return;
    page = virt_to_page(object);
    if (page->owner == PAGE_HEAP && page->cache != NULL)
        object_free(page->cache, object, caller);
    else
        heap_large_free(page, object, caller);
}
