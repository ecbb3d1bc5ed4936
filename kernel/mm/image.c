/* SPDX-License-Identifier: MIT */
/*
 * image - makes regions, which are whole pages, of segments, which begin and end anywhere.
 */
#include "mm/image.h"

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "watch/assert.h"
#include "watch/trace.h"

static struct kmem_cache image_cache;

void image_init(void)
{
    page_store_init();
    kmem_cache_init(&image_cache, "image", sizeof(struct image), sizeof(void *));
}

#define LAST_LINE (PAGE_SIZE - 64)

/* A page is about to be filled: its first and last line have other bytes. */
static inline void check_fill_begin(uint32_t *words)
{
    if (!CHECK_OK(false))
        words[0] = words[LAST_LINE / 4] = 0x5A5A5A5A;
}

/* The bytes from `done` to the end of a page are no bytes of the file: they must be 0. */
static inline void check_tail(const char *bytes, uintptr_t page, uintptr_t done)
{
    size_t first = done - page;
    RULE(first == PAGE_SIZE || (bytes[first] == 0 && (bytes[LAST_LINE] == 0 || first > LAST_LINE)),
         "bss at 0x%08x of pid %d is not 0: the bytes behind those of the file are to be cleared",
         (unsigned)done, trace_pid());
}

static void image_fill(struct vm_object *object, uintptr_t index, void *to)
{
    const struct image *image = container_of(object, struct image, object);
    uintptr_t page = index * PAGE_SIZE, done = page, end = page + PAGE_SIZE;
    char *bytes = to;
    check_fill_begin(to);
    const struct image_segment *last_segment = &image->segments[image->segments_n - 1];
    if (page >= last_segment->va + last_segment->file_bytes) { /* of its bss */
        cpu_clear_page(to);
        check_tail(bytes, page, page);
        return;
    }
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];
        uintptr_t first = MAX(s->va, page), last = MIN(s->va + s->file_bytes, end);
        if (first >= last)
            continue;
        memset(bytes + (done - page), 0, first - done);
        memcpy(bytes + (first - page), image->data + s->file_offset + (first - s->va), last - first);
        done = last;
        RULE(bytes[first - page] == (char)image->data[s->file_offset + (first - s->va)],
             "the byte at 0x%08x of pid %d is not the one that its program's file has at %u: file_offset",
             (unsigned)first, trace_pid(), (unsigned)(s->file_offset + (first - s->va)));
    }
    memset(bytes + (done - page), 0, end - done);
    check_tail(bytes, page, done);
}

static int image_page(struct vm_object *object, uintptr_t index, struct page **result)
{
    struct image *image = container_of(object, struct image, object);
    struct stored_page *stored = page_store_find(&image->pages, index);
    if (stored != NULL) {
        page_hold(stored->page);
        *result = stored->page;
        return 0;
    }
    swap_exchange_begin();
    struct page *page = page_alloc(PAGE_CACHE);
    int error = -E_NO_MEM;
    if (page != NULL) {
        image_fill(object, index, page_to_virt(page));
        error = page_store_new(&image->pages, object, index, page, result);
    }
    swap_exchange_end();
    return error;
}

/* The page need not be written to the disk: its bytes are still in the boot archive. */
static bool image_evict(struct vm_object *object, uintptr_t index)
{
    struct image *image = container_of(object, struct image, object);
    page_store_remove(&image->pages, page_store_find(&image->pages, index));
    return true;
}

static void image_destroy(struct vm_object *object)
{
    struct image *image = container_of(object, struct image, object);
    page_store_clear(&image->pages);
    lineage_drop(object->lineage);
    kmem_cache_free(&image_cache, image);
}

static const struct vm_object_ops image_ops = {image_page, image_fill, image_evict, image_destroy};

struct image *image_new(const uint8_t *data)
{
    struct image *image = kmem_cache_zalloc(&image_cache);
    if (image == NULL)
        return NULL;
    image->object = (struct vm_object){.ops = &image_ops, .count = 1};
    if (lineage_new(NULL, &image->object.lineage) != 0) {
        kmem_cache_free(&image_cache, image);
        return NULL;
    }
    image->data = data;
    return image;
}

struct run {
    uintptr_t start, end;
    uint32_t flags;
};

/* Write the regions for the segments to `runs`; a page with parts of two segments gets the rights of both.
 * Returns the number of regions. */
static size_t make_runs(const struct image *image, struct run *runs)
{
    size_t n = 0;
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];
        uintptr_t start = ALIGN_DOWN(s->va, PAGE_SIZE), end = ALIGN_UP(s->va + s->memory_bytes, PAGE_SIZE);
        if (n > 0 && start < runs[n - 1].end) {
            struct run *last = &runs[n - 1];
            if (last->start < start) {
                last->end = start;
                runs[n++] = (struct run){start, start + PAGE_SIZE, last->flags};
            }
            runs[n - 1].flags |= s->flags;
            start += PAGE_SIZE;
        }
        if (start < end)
            runs[n++] = (struct run){start, end, s->flags};
    }
    return n;
}

int image_map(struct image *image, struct mm *mm)
{
    struct run runs[2 * IMAGE_MAX_SEGMENTS];
    size_t n = make_runs(image, runs);
    ASSERT(n > 0);
    for (size_t i = 0; i < n; i++) {
        vm_object_hold(&image->object);
        const struct vma region = {
            .start = runs[i].start, .end = runs[i].end, .flags = runs[i].flags, .object = &image->object};
        int error = mm_map(mm, &region);
        if (error != 0)
            return error;
        mm->brk_start = mm->brk = runs[i].end;
    }
    const struct image_segment *last = &image->segments[image->segments_n - 1];
    RULE(mm->brk_start >= last->va + last->memory_bytes,
         "the regions of a program end at 0x%08x, before its bss ends at 0x%08x: memory_bytes",
         (unsigned)mm->brk_start, (unsigned)(last->va + last->memory_bytes));
    return 0;
}
