/*
 * kasan_heap - what the heap and the page allocator tell kasan, and how long freed objects wait.
 *
 * slab.c and page.c call these where memory changes hands. With kasan every object carries a track
 * at the end of its place: who took it, who freed it. Freed objects wait in a queue before
 * they are used again, so that a late access still finds them closed.
 *
 * Built without kasan, all this is nothing.
 */
#ifndef MM_KASAN_HEAP_H
#define MM_KASAN_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "check/kasan.h"
#include "config.h"

struct kmem_cache;
struct page;

/* In the last bytes of an object's place. */
struct heap_track {
    uint32_t bytes; /* as asked for; 0: never handed out */
    uint16_t taken_pid, freed_pid;
    uintptr_t taken_site, freed_site; /* 0: it is not free */
};

#if CONFIG_KASAN

#define HEAP_TRACK_BYTES sizeof(struct heap_track)
#define HEAP_ALIGN 8u /* an object begins where a byte of the shadow begins */

/* A new slab of `cache`: nothing in it may be accessed. */
void heap_slab_new(const struct kmem_cache *cache, struct page *slab);

/* `object` is handed out for `bytes` of its place, by whom goes on at `site`. */
void heap_taken(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t site);

/* `object` is freed: the one that has waited longest in its stead, or NULL. Reports what is no
 * object, or is free. */
void *heap_freed(const struct kmem_cache *cache, void *object, uintptr_t site);

/* Free all that wait, each by kmem_cache_free_now(). */
void heap_drain(void);

/* A large object of `bytes` is handed out in `block`. */
void heap_large_taken(struct page *block, size_t bytes, uintptr_t site);

/* A block of frames was taken, or given back, by who goes on at `site`; 0: nobody had it yet. */
void heap_frames_taken(struct page *block, size_t n, uintptr_t site);
void heap_frames_freed(struct page *block, size_t n, uintptr_t site);

/* Once, when there are frames: describe addresses for reports. */
void heap_describe_to_kasan(void);

#else

#define HEAP_TRACK_BYTES 0u
#define HEAP_ALIGN sizeof(void *)

static inline void heap_slab_new(const struct kmem_cache *cache, struct page *slab)
{
    (void)cache, (void)slab;
}

static inline void heap_taken(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t site)
{
    (void)cache, (void)object, (void)bytes, (void)site;
}

static inline void *heap_freed(const struct kmem_cache *cache, void *object, uintptr_t site)
{
    (void)cache, (void)site;
    return object;
}

static inline void heap_drain(void)
{
}

static inline void heap_large_taken(struct page *block, size_t bytes, uintptr_t site)
{
    (void)block, (void)bytes, (void)site;
}

static inline void heap_frames_taken(struct page *block, size_t n, uintptr_t site)
{
    (void)block, (void)n, (void)site;
}

static inline void heap_frames_freed(struct page *block, size_t n, uintptr_t site)
{
    (void)block, (void)n, (void)site;
}

static inline void heap_describe_to_kasan(void)
{
}

#endif

#endif
