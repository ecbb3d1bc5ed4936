/* SPDX-License-Identifier: MIT */
/*
 * heap_guard - what finds misused heap objects and frames: the heap and the page allocator report here
 * whenever memory is allocated or freed.
 *
 * Meson picks one answer:
 *
 *   heap_guard_kasan.c    with kasan: marks memory in the shadow, so that the access itself is caught
 *   heap_guard_poison.c   with debug_checks: fills free memory and the space after objects with patterns, and
 *                         looks for changes when memory is freed or allocated again
 *   heap_guard_none.c     otherwise: finds nothing and costs nothing
 *
 * A guard ends the run when it finds something. `caller` is always the return address of the function that
 * allocates or frees. slab.c, heap_large.c and page.c call this; nothing else does.
 */
#ifndef MM_HEAP_GUARD_H
#define MM_HEAP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kmem_cache;
struct page;

/* Boot: have the guard describe addresses in reports. */
void heap_guard_init(void);

/* ---- Objects of slabs ---- */

/* The bytes the guard needs after an object of `room` bytes, and the smallest alignment of objects. */
size_t heap_guard_bytes(size_t room);
size_t heap_guard_align(void);

/* A new slab of `cache`, all of whose objects are free. */
void heap_guard_slab_new(const struct kmem_cache *cache, struct page *slab);

/* A free object is allocated; the caller may use `bytes` of it, at most the cache's object_bytes. The first
 * word still links it into its slab's list of free objects. */
void heap_guard_allocated(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t caller);

/* An object is freed, perhaps wrongly. Returns the object that slab.c shall link into its slab now: this one,
 * or one that was freed earlier and kept by the guard, perhaps of another cache; NULL if there is none. */
void *heap_guard_freed(const struct kmem_cache *cache, void *object, uintptr_t caller);

/* Returns the object that the guard has kept longest, to be linked now; NULL if it keeps none. */
void *heap_guard_drain(void);

/* Whether the object is in use, and in *caller who allocated it. heap_guard_none.c does not know: false. */
bool heap_guard_in_use(const struct kmem_cache *cache, const void *object, uintptr_t *caller);

/* ---- Large objects ---- */

/* A large object of `bytes` at the start of `block` is allocated; block->length is set. */
void heap_guard_large_allocated(struct page *block, size_t bytes, uintptr_t caller);

/* `object` is freed, perhaps wrongly, as the large object in `block`. */
void heap_guard_large_freed(const struct page *block, const void *object, uintptr_t caller);

/* ---- Frames ---- */

/* n frames from `first` on come under management; they were never allocated. */
void heap_guard_frames_new(struct page *first, size_t n);

/* A free frame is allocated, or a frame is freed; called for each frame of a block. */
void heap_guard_frame_allocated(struct page *page, uintptr_t caller);
void heap_guard_frame_freed(struct page *page, uintptr_t caller);

#endif
