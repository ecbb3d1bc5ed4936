/* SPDX-License-Identifier: MIT */
/*
 * image - a program as memory: segments of a file in the boot archive, paged in on demand.
 *
 * Pages of read-only regions are read once and shared by all processes that run the program; the others are
 * private. The bytes of a page that belong to no segment are zero.
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
    size_t file_bytes; /* at most memory_bytes; the bytes after them are zero */
    size_t file_offset;
    uint32_t flags; /* VM_READ, VM_WRITE, VM_EXEC */
};

struct image {
    struct vm_object object;
    const uint8_t *data; /* the file; it is never freed */
    uintptr_t entry;
    uintptr_t headers_va; /* where the program headers are in its memory; 0: nowhere */
    size_t headers_n;
    size_t segments_n;
    struct image_segment segments[IMAGE_MAX_SEGMENTS]; /* sorted by va, disjoint, inside the file */
    struct page_store pages;
};

/* Set up the caches of images and their pages. After kmalloc_init(). */
void image_init(void);

/* Allocate an image with count 1 and no segments yet, for elf_parse() to fill; NULL: no memory. */
struct image *image_new(const uint8_t *data);

static inline void image_drop(struct image *image)
{
    vm_object_drop(&image->object);
}

/* Add the image's regions to an empty mm, with the heap after them. Returns 0; -E_NO_MEM or -E_INVAL: some
 * regions may have been added, and the caller drops the mm. Caller holds mm->lock. */
int image_map(struct image *image, struct mm *mm);

#endif
