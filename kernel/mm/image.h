/*
 * image - a program as memory: segments of a file in the boot archive, paged in on demand.
 *
 * Pages of regions that nobody can
 * write are read once and shared by all who run the program; the others are filled privately.
 * What a page holds beside the bytes of segments is zero.
 */
#ifndef MM_IMAGE_H
#define MM_IMAGE_H

#include "mm/page_store.h"
#include "mm/vma.h"

#define IMAGE_MAX_SEGMENTS 16

struct mm;

struct image_segment {
    uintptr_t va; /* any alignment */
    size_t memory_bytes;
    size_t file_bytes; /* at most memory_bytes; what follows is zero */
    size_t file_offset;
    uint32_t flags; /* VM_READ, VM_WRITE, VM_EXEC */
};

struct image {
    struct vm_object object;
    const uint8_t *data; /* the file; lives for ever */
    uintptr_t entry;
    size_t segments_n;
    struct image_segment segments[IMAGE_MAX_SEGMENTS]; /* sorted by va, disjoint, inside the file */
    struct page_store pages;
};

void image_init(void);

/* An image with count 1 and no segments yet, for elf_parse() to fill; NULL: no memory. */
struct image *image_new(const uint8_t *data);

static inline void image_drop(struct image *image)
{
    vm_object_drop(&image->object);
}

/* Add the image's regions to an empty mm and put the heap behind them. -E_NO_MEM, -E_INVAL: some
 * regions may have been added; the caller drops the mm. Caller holds mm->lock. */
int image_map(struct image *image, struct mm *mm);

#endif
