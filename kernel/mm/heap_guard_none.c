/* SPDX-License-Identifier: MIT */
/*
 * heap_guard, none: objects and frames have no room for checks, and nothing is found.
 */
#include "mm/heap_guard.h"

void heap_guard_init(void)
{
}

size_t heap_guard_bytes(size_t room)
{
    (void)room;
    return 0;
}

size_t heap_guard_align(void)
{
    return 1;
}

void heap_guard_slab_new(const struct kmem_cache *cache, struct page *slab)
{
    (void)cache, (void)slab;
}

void heap_guard_allocated(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t caller)
{
    (void)cache, (void)object, (void)bytes, (void)caller;
}

void *heap_guard_freed(const struct kmem_cache *cache, void *object, uintptr_t caller)
{
    (void)cache, (void)caller;
    return object;
}

void *heap_guard_drain(void)
{
    return NULL;
}

bool heap_guard_in_use(const struct kmem_cache *cache, const void *object, uintptr_t *caller)
{
    (void)cache, (void)object, (void)caller;
    return false;
}

void heap_guard_large_allocated(struct page *block, size_t bytes, uintptr_t caller)
{
    (void)block, (void)bytes, (void)caller;
}

void heap_guard_large_freed(const struct page *block, const void *object, uintptr_t caller)
{
    (void)block, (void)object, (void)caller;
}

void heap_guard_frames_new(struct page *first, size_t n)
{
    (void)first, (void)n;
}

void heap_guard_frame_allocated(struct page *page, uintptr_t caller)
{
    (void)page, (void)caller;
}

void heap_guard_frame_freed(struct page *page, uintptr_t caller)
{
    (void)page, (void)caller;
}
