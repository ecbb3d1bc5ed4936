/*
 * slab - caches of equal objects, and kmalloc() on top of them; see slab.h.
 *
 * A slab is in exactly one place: cache->partial, cache->full, or cache->spare when no object of it
 * is used; its frame's page->cache says whose it is, and is NULL in all frames that are no slabs.
 * Objects beyond the largest class of kmalloc() are blocks of frames, their exact size in page->length.
 *
 * In checking builds an object looks like this, `room` being its bytes or at least a pointer:
 *
 *     | object, `room` bytes | red zone, to the next word and one more | site that took it |
 *
 * The red zone's bytes say whether the object is used or free. A free object is filled with POISON,
 * but for its first word, which links it into the slab's list and must point into the slab.
 */
#include "mm/slab.h"
#include "check/inject.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/kasan_heap.h"

#define RED_USED 0xBB
#define RED_FREE 0x5F
#define POISON 0x6B
#define POISON_WORD ((uintptr_t)-1 / 0xFF * POISON)

#define OBJECT_MAX 2048
#define ALIGN_MAX 64
#define KMALLOC_ALIGN 8

static struct kmem_cache *caches; /* all of them */

static struct list_node large = LIST_INIT(large); /* first frames of large objects, by page->link */
static size_t large_objects, large_bytes;

static struct kmem_cache classes[] = {
    {.name = "kmalloc-16", .object_bytes = 16},     {.name = "kmalloc-32", .object_bytes = 32},
    {.name = "kmalloc-64", .object_bytes = 64},     {.name = "kmalloc-96", .object_bytes = 96},
    {.name = "kmalloc-128", .object_bytes = 128},   {.name = "kmalloc-192", .object_bytes = 192},
    {.name = "kmalloc-256", .object_bytes = 256},   {.name = "kmalloc-384", .object_bytes = 384},
    {.name = "kmalloc-512", .object_bytes = 512},   {.name = "kmalloc-768", .object_bytes = 768},
    {.name = "kmalloc-1024", .object_bytes = 1024}, {.name = "kmalloc-2048", .object_bytes = 2048},
};

/* ---- What checking builds keep behind an object ---- */

static size_t object_room(const struct kmem_cache *cache)
{
    return MAX(cache->object_bytes, sizeof(void *));
}

static size_t red_bytes(size_t room)
{
    return ALIGN_UP(room, sizeof(uintptr_t)) - room + sizeof(uintptr_t);
}

static uint8_t *object_red(const struct kmem_cache *cache, void *object)
{
    return (uint8_t *)object + object_room(cache);
}

static uintptr_t *object_site(const struct kmem_cache *cache, void *object)
{
    return (uintptr_t *)(void *)(object_red(cache, object) + red_bytes(object_room(cache)));
}

static bool bytes_are(const uint8_t *bytes, size_t n, uint8_t value)
{
    while (n != 0 && *bytes == value) {
        bytes++;
        n--;
    }
    return n == 0;
}

static _Noreturn void object_panic(const struct kmem_cache *cache, void *object, const char *what)
{
    ledger_print_site(1, *object_site(cache, object));
    panic("heap object %p of %s %s; its last use is above", object, cache->name, what);
}

/* A used object becomes a free one: it must be one, and nothing may have run over its end. */
static void object_check_freed(const struct kmem_cache *cache, void *object)
{
    uint8_t *red = object_red(cache, object);
    size_t n = red_bytes(object_room(cache));

    if (bytes_are(red, n, RED_FREE))
        object_panic(cache, object, "is freed twice");
    if (!bytes_are(red, n, RED_USED))
        object_panic(cache, object, "was written beyond its end");
}

static void object_mark_free(const struct kmem_cache *cache, void *object)
{
    memset(object, POISON, cache->object_bytes);
    memset(object_red(cache, object), RED_FREE, red_bytes(object_room(cache)));
}

/* A free object becomes a used one: nobody may have written to it since it was freed. */
static void object_check_taken(const struct kmem_cache *cache, void *object, uintptr_t site)
{
    const uintptr_t *words = object;
    const uintptr_t offset = *words - ALIGN_DOWN((uintptr_t)object, PAGE_SIZE);
    size_t n = red_bytes(object_room(cache));

    if (*words != 0 && (offset >= cache->per_slab * cache->stride_bytes || offset % cache->stride_bytes != 0))
        object_panic(cache, object, "was written to after it was freed (first word)");
    for (size_t i = 1; i < cache->object_bytes / sizeof(uintptr_t); i++) {
        if (words[i] != POISON_WORD)
            object_panic(cache, object, "was written to after it was freed");
    }
    if (!bytes_are(object_red(cache, object), n, RED_FREE))
        object_panic(cache, object, "was written beyond its end after it was freed");
    memset(object_red(cache, object), RED_USED, n);
    *object_site(cache, object) = site;
}

/* ---- Slabs ---- */

/* A new slab without a used object, in no list; NULL when there is no memory. */
static struct page *slab_new(struct kmem_cache *cache)
{
    struct page *slab = page_alloc(PAGE_HEAP);
    uint8_t *object;
    void *next = NULL;

    if (slab == NULL)
        return NULL;
    object = (uint8_t *)page_to_virt(slab) + cache->per_slab * cache->stride_bytes;
    for (size_t i = 0; i < cache->per_slab; i++) {
        object -= cache->stride_bytes;
        if (CONFIG_DEBUG_CHECKS) {
            object_mark_free(cache, object);
            *object_site(cache, object) = 0;
        }
        *(void **)(void *)object = next;
        next = object;
    }
    heap_slab_new(cache, slab);
    slab->slab_free = next;
    slab->slab_used = 0;
    slab->cache = cache;
    list_init(&slab->link);
    return slab;
}

static void slab_give_back(struct page *slab)
{
    slab->cache = NULL;
    page_drop(slab);
}

/* Put a slab with free objects into cache->partial, which is empty. Rare: kept out of the way of
 * object_take(), which would save registers for it. */
static __attribute__((noinline)) bool cache_refill(struct kmem_cache *cache)
{
    struct page *slab = cache->spare;

    cache->spare = NULL;
    if (slab == NULL)
        slab = slab_new(cache);
    if (slab == NULL)
        return !list_empty(&cache->partial); /* a full memory may have had objects of ours given back */
    list_add_head(&cache->partial, &slab->link);
    return true;
}

static void cache_drop_spare(struct kmem_cache *cache)
{
    if (cache->spare != NULL)
        slab_give_back(cache->spare);
    cache->spare = NULL;
}

/* No object of the slab is used any more: keep it as the spare, or give it back. */
static void slab_retire(struct kmem_cache *cache, struct page *slab)
{
    list_del(&slab->link);
    if (cache->spare == NULL)
        cache->spare = slab;
    else
        slab_give_back(slab);
}

static inline void *object_take(struct kmem_cache *cache, uintptr_t site)
{
    struct page *slab;
    void *object;

    if (inject_fails(INJECT_HEAP, site) || (list_empty(&cache->partial) && !cache_refill(cache)))
        return NULL;
    slab = list_entry(cache->partial.next, struct page, link);
    object = slab->slab_free;
    if (CONFIG_DEBUG_CHECKS)
        object_check_taken(cache, object, site);
    slab->slab_free = *(void **)object;
    slab->slab_used++;
    cache->used++;
    if (slab->slab_free == NULL)
        list_move_head(&cache->full, &slab->link);
    heap_taken(cache, object, cache->object_bytes, site);
    return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    return object_take(cache, (uintptr_t)__builtin_return_address(0));
}

void *kmem_cache_zalloc(struct kmem_cache *cache)
{
    void *object = object_take(cache, (uintptr_t)__builtin_return_address(0));

    return object == NULL ? NULL : memset(object, 0, cache->object_bytes);
}

static inline void object_give(struct kmem_cache *cache, void *object)
{
    struct page *slab = virt_to_page(object);
    bool was_full = slab->slab_free == NULL;

    if (CONFIG_DEBUG_CHECKS) {
        if (slab->owner != PAGE_HEAP || slab->cache != cache ||
            (uintptr_t)object % PAGE_SIZE % cache->stride_bytes != 0)
            panic("%p is freed as an object of %s, which it is not", object, cache->name);
        object_check_freed(cache, object);
        object_mark_free(cache, object);
    }
    *(void **)object = slab->slab_free;
    slab->slab_free = object;
    cache->used--;
    if (--slab->slab_used == 0)
        slab_retire(cache, slab);
    else if (was_full)
        list_move_head(&cache->partial, &slab->link);
}

static inline void object_free(struct kmem_cache *cache, void *object, uintptr_t site)
{
    object = heap_freed(cache, object, site);
    if (CONFIG_KASAN && object == NULL)
        return;
    object_give(CONFIG_KASAN ? virt_to_page(object)->cache : cache, object);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    object_free(cache, object, (uintptr_t)__builtin_return_address(0));
}

void kmem_cache_free_now(void *object)
{
    object_give(virt_to_page(object)->cache, object);
}

/* ---- The caches ---- */

static size_t cache_held(void *keeper)
{
    heap_drain();
    return ((struct kmem_cache *)keeper)->used;
}

static void cache_shrink(void *keeper)
{
    heap_drain();
    cache_drop_spare(keeper);
}

static void slabs_walk(const struct kmem_cache *cache, struct list_node *slabs, void (*note)(uintptr_t site))
{
    list_for_each (node, slabs) {
        uint8_t *object = page_to_virt(list_entry(node, struct page, link));

        for (size_t i = 0; i < cache->per_slab; i++, object += cache->stride_bytes) {
            if (*object_red(cache, object) != RED_FREE)
                note(*object_site(cache, object));
        }
    }
}

/* Only for checking builds: without red zones nobody knows which objects are used, nor by whom. */
static void cache_walk(void *keeper, void (*note)(uintptr_t site))
{
    struct kmem_cache *cache = keeper;

    slabs_walk(cache, &cache->partial, note);
    slabs_walk(cache, &cache->full, note);
}

void kmem_cache_init(struct kmem_cache *cache, const char *name, size_t bytes, size_t align)
{
    size_t stride = MAX(bytes, sizeof(void *));

    ASSERT(bytes != 0 && bytes <= OBJECT_MAX);
    ASSERT(align != 0 && align <= ALIGN_MAX && (align & (align - 1)) == 0);
    if (CONFIG_DEBUG_CHECKS)
        stride += red_bytes(stride) + sizeof(uintptr_t);
    stride += HEAP_TRACK_BYTES;
    align = MAX(align, HEAP_ALIGN); /* the link of a free object is a pointer */
    stride = ALIGN_UP(stride, align);

    *cache = (struct kmem_cache){
        .name = name,
        .object_bytes = bytes,
        .stride_bytes = stride,
        .per_slab = PAGE_SIZE / stride,
        .next = caches,
        .account = {.name = "heap objects of",
                    .of = name,
                    .keeper = cache,
                    .held = cache_held,
                    .shrink = cache_shrink,
                    .walk = CONFIG_DEBUG_CHECKS ? cache_walk : NULL},
    };
    list_init(&cache->partial);
    list_init(&cache->full);
    caches = cache;
    ledger_open(&cache->account);
}

void kmem_shrink(void)
{
    heap_drain();
    for (struct kmem_cache *cache = caches; cache != NULL; cache = cache->next)
        cache_drop_spare(cache);
}

size_t kmem_used_bytes(void)
{
    size_t bytes = large_bytes;

    heap_drain();
    for (const struct kmem_cache *cache = caches; cache != NULL; cache = cache->next)
        bytes += cache->used * cache->object_bytes;
    return bytes;
}

/* Whether the slab's free list holds as many objects as are not used. */
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
           (cache->spare == NULL || (slab_ok(cache, cache->spare) && cache->spare->slab_used == 0));
}

/* ---- Large objects ---- */

/* Checking builds: of the bytes between the object and the end of its block so many are red. */
static size_t large_red_bytes(const struct page *block)
{
    return MIN(((size_t)PAGE_SIZE << block->order) - block->length, (size_t)ALIGN_MAX);
}

static void *large_take(size_t bytes, uintptr_t site)
{
    unsigned order = 0;
    struct page *block;
    uint8_t *object;

    if (inject_fails(INJECT_HEAP, site))
        return NULL;
    while (((size_t)PAGE_SIZE << order) < bytes)
        order++;
    block = page_alloc_block(order, PAGE_HEAP);
    if (block == NULL)
        return NULL;
    object = page_to_virt(block);
    block->length = (uint32_t)bytes;
    if (CONFIG_DEBUG_CHECKS) {
        block->site = site;
        memset(object + bytes, RED_USED, large_red_bytes(block));
    }
    heap_large_taken(block, bytes, site);
    list_add_head(&large, &block->link);
    large_objects++;
    large_bytes += bytes;
    return object;
}

static void large_free(struct page *block, void *object)
{
    if (CONFIG_DEBUG_CHECKS) {
        page_expect_held(block);
        if (block->owner != PAGE_HEAP || page_to_virt(block) != object)
            panic("%p is freed, but no heap object begins there", object);
        if (!bytes_are((uint8_t *)object + block->length, large_red_bytes(block), RED_USED)) {
            ledger_print_site(1, block->site);
            panic("heap object %p of %u bytes was written beyond its end; its last use is above", object,
                  (unsigned)block->length);
        }
    }
    list_del(&block->link);
    large_objects--;
    large_bytes -= block->length;
    page_drop(block);
}

static size_t large_held(void *keeper)
{
    return *(size_t *)keeper;
}

static void large_walk(void *keeper, void (*note)(uintptr_t site))
{
    (void)keeper;
    list_for_each (node, &large)
        note(list_entry(node, struct page, link)->site);
}

/* ---- kmalloc ---- */

void kmalloc_init(void)
{
    static struct ledger_account account;

    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        kmem_cache_init(&classes[i], classes[i].name, classes[i].object_bytes, KMALLOC_ALIGN);

    account = (struct ledger_account){
        .name = "large heap objects", .keeper = &large_objects, .held = large_held, .walk = large_walk};
    ledger_open(&account);
}

static inline void *heap_take(size_t bytes, uintptr_t site)
{
    if (bytes == 0 || bytes > KMALLOC_MAX)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        if (bytes > classes[i].object_bytes)
            continue;
        void *object = object_take(&classes[i], site);
        if (CONFIG_KASAN && object != NULL)
            heap_taken(&classes[i], object, bytes, site); /* and not a byte more */
        return object;
    }
    return large_take(bytes, site);
}

void *kmalloc(size_t bytes)
{
    return heap_take(bytes, (uintptr_t)__builtin_return_address(0));
}

void *kzalloc(size_t bytes)
{
    void *object = heap_take(bytes, (uintptr_t)__builtin_return_address(0));

    return object == NULL ? NULL : memset(object, 0, bytes);
}

void kfree(void *object)
{
    struct page *page;

    if (object == NULL)
        return;
    page = virt_to_page(object);
    if (page->owner == PAGE_HEAP && page->cache != NULL)
        object_free(page->cache, object, (uintptr_t)__builtin_return_address(0));
    else
        large_free(page, object);
}
