/*
 * kasan_heap - red zones, tracks and the queue of freed objects. Not instrumented.
 *
 * A free frame's struct page keeps who freed it: the site in slab_free, the pid in slab_used, which
 * nobody needs as long as the frame is free.
 */
#include "mm/kasan_heap.h"

#include "dev/console.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define WAITING_MAX 256
#define WAITING_BYTES_MAX (64 * 1024)

static void *waiting[WAITING_MAX]; /* a ring: the oldest at `oldest` */
static size_t oldest, waiting_n, waiting_bytes;

static struct heap_track *track_of(const struct kmem_cache *cache, void *object)
{
    return (struct heap_track *)(void *)((char *)object + cache->stride_bytes) - 1;
}

void heap_slab_new(const struct kmem_cache *cache, struct page *slab)
{
    char *object = page_to_virt(slab);
    kasan_close((uintptr_t)object, PAGE_SIZE, KASAN_HEAP_NEVER);
    for (size_t i = 0; i < cache->per_slab; i++, object += cache->stride_bytes)
        *track_of(cache, object) = (struct heap_track){0};
}

void heap_taken(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t site)
{
    kasan_close((uintptr_t)object, cache->stride_bytes, KASAN_HEAP_RED);
    kasan_open((uintptr_t)object, bytes);
    *track_of(cache, object) =
        (struct heap_track){.bytes = (uint32_t)bytes, .taken_pid = (uint16_t)trace_pid(), .taken_site = site};
}

static void *take_oldest(void)
{
    void *object = waiting[oldest];
    oldest = (oldest + 1) % WAITING_MAX;
    waiting_n--;
    waiting_bytes -= virt_to_page(object)->cache->stride_bytes;
    return object;
}

static void check_free(const struct kmem_cache *cache, void *object, uintptr_t site)
{
    uintptr_t va = (uintptr_t)object;
    const struct page *slab = virt_to_page(object);
    if (slab->owner != PAGE_HEAP || slab->cache != cache || va % PAGE_SIZE % cache->stride_bytes != 0)
        kasan_report("free of what is no heap object", va, site);
    if (track_of(cache, object)->freed_site != 0 || track_of(cache, object)->bytes == 0)
        kasan_report("second free of a heap object", va, site);
}

void *heap_freed(const struct kmem_cache *cache, void *object, uintptr_t site)
{
    check_free(cache, object, site);
    struct heap_track *track = track_of(cache, object);
    track->freed_pid = (uint16_t)trace_pid();
    track->freed_site = site;
    kasan_close((uintptr_t)object, ALIGN_UP((size_t)track->bytes, HEAP_ALIGN), KASAN_HEAP_FREED);
    void *out = NULL;
    if (waiting_n == WAITING_MAX || (waiting_n > 0 && waiting_bytes > WAITING_BYTES_MAX))
        out = take_oldest();
    waiting[(oldest + waiting_n++) % WAITING_MAX] = object;
    waiting_bytes += cache->stride_bytes;
    return out;
}

void heap_drain(void)
{
    while (waiting_n > 0)
        kmem_cache_free_now(take_oldest());
}

void heap_large_taken(struct page *block, size_t bytes, uintptr_t site)
{
    for (size_t i = 0; i < BIT(block->order); i++)
        block[i].site = site;
    uintptr_t va = (uintptr_t)page_to_virt(block);
    size_t whole = ALIGN_UP(bytes, HEAP_ALIGN);
    kasan_close(va + whole, ((size_t)PAGE_SIZE << block->order) - whole, KASAN_HEAP_RED);
    kasan_open(va, bytes);
}

void heap_frames_taken(struct page *block, size_t n, uintptr_t site)
{
    for (size_t i = 0; i < n; i++)
        block[i].site = site;
    kasan_open((uintptr_t)page_to_virt(block), n * PAGE_SIZE);
}

void heap_frames_freed(struct page *block, size_t n, uintptr_t site)
{
    kasan_close((uintptr_t)page_to_virt(block), n * PAGE_SIZE, KASAN_PAGE_FREED);
    for (size_t i = 0; i < n; i++) {
        block[i].slab_free = (void *)site; /* NOLINT: no pointer, see above */
        block[i].slab_used = (uint16_t)trace_pid();
    }
}

/* ---- Reports ---- */

static void print_site(const char *what, uintptr_t site, int pid)
{
    kprintf("    %s ", what);
    if (site == 0)
        kprintf("an unknown place");
    else
        backtrace_print_site(site - 1); /* the call, not what follows it */
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
    const struct heap_track *track = track_of(cache, (void *)object);
    size_t bytes = track->bytes;
    if (va - object < bytes)
        kprintf("    0x%08x is at byte %u of", (unsigned)va, (unsigned)(va - object));
    else
        kprintf("    0x%08x is %u bytes behind", (unsigned)va, (unsigned)(va - object - bytes));
    kprintf(" the object 0x%08x of %u bytes of %s\n", (unsigned)object, (unsigned)bytes, cache->name);
    if (bytes != 0)
        print_site("taken at", track->taken_site, track->taken_pid);
    if (track->freed_site != 0)
        print_site("freed at", track->freed_site, track->freed_pid);
}

static void describe_address(uintptr_t va)
{
    if (va - KERNBASE >= page_frames * PAGE_SIZE)
        return;
    const struct page *page = virt_to_page((const void *)va);
    if (page->owner == PAGE_HEAP && page->cache != NULL) {
        describe_object(page->cache, va);
        return;
    }
    kprintf("    0x%08x is in frame 0x%x\n", (unsigned)va, (unsigned)page_to_pfn(page));
    print_site("taken at", page->site, -1);
    if (page->owner == PAGE_FREE && page->slab_free != NULL)
        print_site("freed at", (uintptr_t)page->slab_free, page->slab_used);
}

void heap_describe_to_kasan(void)
{
    kasan_set_describer(describe_address);
}
