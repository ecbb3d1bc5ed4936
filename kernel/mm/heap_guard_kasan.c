/* SPDX-License-Identifier: MIT */
/*
 * heap_guard, kasan: memory that may not be accessed is poisoned in the shadow. Not instrumented.
 *
 * Every object carries a track at the end of its stride: who allocated it and who freed it. Freed objects
 * wait in a queue before they are used again, so that a late access still finds them poisoned.
 *
 * The struct page of a free frame records who freed it: the caller in slab_free and the pid in slab_used,
 * fields that are unused while the frame is free.
 */
#include "check/hooks.h"
#include "dev/console.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define WAITING_MAX 256
#define WAITING_BYTES_MAX (64 * 1024)
#define GRANULE 8u /* an object begins where a byte of the shadow begins */

struct track {
    uint32_t bytes; /* as asked for; 0: the object was never allocated */
    uint16_t allocated_pid, freed_pid;
    uintptr_t allocated_by, freed_by; /* callers; freed_by is 0 while the object is in use */
};

static void *waiting[WAITING_MAX]; /* a ring: the oldest at `oldest` */
static size_t oldest, waiting_n, waiting_bytes;

/* ---- Objects of slabs ---- */

static struct track *track_of(const struct kmem_cache *cache, const void *object)
{
    return (struct track *)(void *)((char *)object + cache->stride_bytes) - 1;
}

size_t heap_guard_bytes(size_t room)
{
    (void)room;
    return sizeof(struct track);
}

size_t heap_guard_align(void)
{
    return GRANULE;
}

void heap_guard_slab_new(const struct kmem_cache *cache, struct page *slab)
{
    char *object = page_to_virt(slab);
    kasan_poison((uintptr_t)object, PAGE_SIZE, KASAN_HEAP_NEVER);
    for (size_t i = 0; i < cache->per_slab; i++, object += cache->stride_bytes)
        *track_of(cache, object) = (struct track){0};
}

void heap_guard_allocated(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t caller)
{
    kasan_poison((uintptr_t)object, cache->stride_bytes, KASAN_HEAP_RED);
    kasan_unpoison((uintptr_t)object, bytes);
    *track_of(cache, object) = (struct track){
        .bytes = (uint32_t)bytes, .allocated_pid = (uint16_t)trace_pid(), .allocated_by = caller};
}

void *heap_guard_drain(void)
{
    if (waiting_n == 0)
        return NULL;
    void *object = waiting[oldest];
    oldest = (oldest + 1) % WAITING_MAX;
    waiting_n--;
    waiting_bytes -= virt_to_page(object)->cache->stride_bytes;
    return object;
}

static void check_free(const struct kmem_cache *cache, const void *object, uintptr_t caller)
{
    uintptr_t va = (uintptr_t)object;
    const struct page *slab = virt_to_page(object);
    if (slab->owner != PAGE_HEAP || slab->cache != cache || va % PAGE_SIZE % cache->stride_bytes != 0)
        kasan_report("free of what is no heap object", va, caller);
    if (track_of(cache, object)->freed_by != 0 || track_of(cache, object)->bytes == 0)
        kasan_report("second free of a heap object", va, caller);
}

void *heap_guard_freed(const struct kmem_cache *cache, void *object, uintptr_t caller)
{
    check_free(cache, object, caller);
    struct track *track = track_of(cache, object);
    track->freed_pid = (uint16_t)trace_pid();
    track->freed_by = caller;
    kasan_poison((uintptr_t)object, ALIGN_UP((size_t)track->bytes, GRANULE), KASAN_HEAP_FREED);
    bool full = waiting_n == WAITING_MAX || waiting_bytes > WAITING_BYTES_MAX;
    void *longest = full ? heap_guard_drain() : NULL;
    waiting[(oldest + waiting_n++) % WAITING_MAX] = object;
    waiting_bytes += cache->stride_bytes;
    return longest;
}

bool heap_guard_in_use(const struct kmem_cache *cache, const void *object, uintptr_t *caller)
{
    const struct track *track = track_of(cache, object);
    *caller = track->allocated_by;
    return track->bytes != 0 && track->freed_by == 0;
}

/* ---- Large objects ---- */

void heap_guard_large_allocated(struct page *block, size_t bytes, uintptr_t caller)
{
    for (size_t i = 0; i < BIT(block->order); i++)
        block[i].caller = caller;
    uintptr_t va = (uintptr_t)page_to_virt(block);
    size_t whole = ALIGN_UP(bytes, GRANULE);
    kasan_poison(va + whole, ((size_t)PAGE_SIZE << block->order) - whole, KASAN_HEAP_RED);
    kasan_unpoison(va, bytes);
}

void heap_guard_large_freed(const struct page *block, const void *object, uintptr_t caller)
{
    if (block->owner == PAGE_FREE)
        kasan_report("second free of a heap object", (uintptr_t)object, caller);
    if (block->owner != PAGE_HEAP || block->count == 0 || page_to_virt(block) != object)
        kasan_report("free of what is no heap object", (uintptr_t)object, caller);
}

/* ---- Frames ---- */

void heap_guard_frames_new(struct page *first, size_t n)
{
    kasan_poison((uintptr_t)page_to_virt(first), n * PAGE_SIZE, KASAN_PAGE_FREED);
}

void heap_guard_frame_allocated(struct page *page, uintptr_t caller)
{
    page->caller = caller;
    kasan_unpoison((uintptr_t)page_to_virt(page), PAGE_SIZE);
}

void heap_guard_frame_freed(struct page *page, uintptr_t caller)
{
    kasan_poison((uintptr_t)page_to_virt(page), PAGE_SIZE, KASAN_PAGE_FREED);
    page->slab_free = (void *)caller; /* NOLINT: not a pointer, see above */
    page->slab_used = (uint16_t)trace_pid();
}

/* ---- Reports ---- */

static void print_caller(const char *what, uintptr_t caller, int pid)
{
    kprintf("    %s ", what);
    if (caller == 0)
        kprintf("an unknown place");
    else
        backtrace_print_caller(caller - 1); /* the call, not what follows it */
    if (pid >= 0)
        kprintf(", pid %d", pid);
    kprintf("\n");
}

static void describe_object(const struct kmem_cache *cache, uintptr_t va)
{
    uintptr_t slab = ALIGN_DOWN(va, PAGE_SIZE);
    size_t i = (va - slab) / cache->stride_bytes;
    if (i >= cache->per_slab)
        i = cache->per_slab - 1;
    uintptr_t object = slab + i * cache->stride_bytes;
    const struct track *track = track_of(cache, (void *)object);
    size_t bytes = track->bytes;
    if (va - object < bytes)
        kprintf("    0x%08x is at byte %u of", (unsigned)va, (unsigned)(va - object));
    else
        kprintf("    0x%08x is %u bytes after", (unsigned)va, (unsigned)(va - object - bytes));
    kprintf(" the object 0x%08x of %u bytes of %s\n", (unsigned)object, (unsigned)bytes, cache->name);
    if (bytes != 0)
        print_caller("taken at", track->allocated_by, track->allocated_pid);
    if (track->freed_by != 0)
        print_caller("freed at", track->freed_by, track->freed_pid);
}

static void describe_address(uintptr_t va)
{
    if (virt_to_phys((const void *)va) >= page_frames * PAGE_SIZE)
        return;
    const struct page *page = virt_to_page((const void *)va);
    if (page->owner == PAGE_HEAP && page->cache != NULL) {
        describe_object(page->cache, va);
        return;
    }
    kprintf("    0x%08x is in frame 0x%x\n", (unsigned)va, (unsigned)page_to_pfn(page));
    print_caller("taken at", page->caller, -1);
    if (page->owner == PAGE_FREE && page->slab_free != NULL)
        print_caller("freed at", (uintptr_t)page->slab_free, page->slab_used);
}

void heap_guard_init(void)
{
    kasan_set_describer(describe_address);
}
