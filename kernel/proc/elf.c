/* SPDX-License-Identifier: MIT */
/*
 * elf - the ELF parser. No field is trusted, and all bounds checks are written so that they cannot overflow.
 */
#include "proc/elf.h"

#include <stdbool.h>

#include <ucow/abi.h>
#include <ucow/elf.h>
#include <ucow/errno.h>

#include "lib/string.h"
#include "lib/util.h"
#include "mm/image.h"
#include "watch/assert.h"

/* Segments must end below the guard page of the stack. */
#define PROGRAM_TOP (USER_STACK_BASE - PAGE_SIZE)

static bool header_ok(const struct elf_header *header, size_t size)
{
    if (header->magic != ELF_MAGIC || header->class != ELF_CLASS_32 || header->data != ELF_DATA_LITTLE)
        return false;
    if (header->ident_version != ELF_VERSION || header->version != ELF_VERSION)
        return false;
    if (header->type != ELF_TYPE_EXEC || header->machine != ELF_MACHINE_386)
        return false;
    if (header->ehsize < sizeof(*header) || header->phentsize != sizeof(struct elf_program_header))
        return false;
    return header->phoff <= size &&
           header->phnum <= (size - header->phoff) / sizeof(struct elf_program_header);
}

static bool segment_ok(const struct elf_program_header *ph, size_t size)
{
    if (ph->offset > size || ph->filesz > size - ph->offset || ph->filesz > ph->memsz)
        return false;
    if (ph->va < USERBASE || ph->va > PROGRAM_TOP || ph->memsz > PROGRAM_TOP - ph->va)
        return false;
    if (ph->align <= 1)
        return true;
    return (ph->align & (ph->align - 1)) == 0 && (ph->va - ph->offset) % ph->align == 0;
}

/* Insert a segment in order of addresses. Returns false if it overlaps another or there are too many. */
static bool add_segment(struct image *image, const struct elf_program_header *ph)
{
    size_t i = image->segments_n;
    if (i == IMAGE_MAX_SEGMENTS)
        return false;
    while (i > 0 && image->segments[i - 1].va > ph->va)
        i--;
    if (i > 0 && image->segments[i - 1].memory_bytes > ph->va - image->segments[i - 1].va)
        return false;
    if (i < image->segments_n && ph->memsz > image->segments[i].va - ph->va)
        return false;
    memmove(&image->segments[i + 1], &image->segments[i],
            (image->segments_n - i) * sizeof(image->segments[0]));
    image->segments[i] = (struct image_segment){
        .va = ph->va,
        .memory_bytes = ph->memsz,
        .file_bytes = ph->filesz,
        .file_offset = ph->offset,
        .flags = (ph->flags & ELF_PF_R ? VM_READ : 0) | (ph->flags & ELF_PF_W ? VM_WRITE : 0) |
                 (ph->flags & ELF_PF_X ? VM_EXEC : 0),
    };
    image->segments_n++;
    return true;
}

/* Check that the segment of a program header is as the header says. */
static void check_segment(const struct image *image, const struct elf_program_header *ph)
{
    const struct image_segment *s = image->segments;
    while (s->va != ph->va && s < &image->segments[image->segments_n - 1])
        s++;
    RULE(
        s->file_offset == ph->offset && s->file_bytes == ph->filesz && s->memory_bytes == ph->memsz,
        "the segment at 0x%08x has %u bytes of the file and %u of memory (filesz, memsz), but gets %u and %u",
        (unsigned)ph->va, (unsigned)ph->filesz, (unsigned)ph->memsz, (unsigned)s->file_bytes,
        (unsigned)s->memory_bytes);
    RULE(((s->flags & VM_WRITE) != 0) == ((ph->flags & ELF_PF_W) != 0),
         "the segment at 0x%08x is %s, but gets a region that is %s: ELF_PF_W", (unsigned)ph->va,
         ph->flags & ELF_PF_W ? "writable" : "read-only", s->flags & VM_WRITE ? "writable" : "read-only");
}

static bool entry_ok(const struct image *image)
{
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];
        if ((s->flags & VM_EXEC) && image->entry >= s->va && image->entry - s->va < s->memory_bytes)
            return true;
    }
    return false;
}

/* Where the segments put the program headers, which are at `offset` of the file; 0 if they do not. */
static uintptr_t find_headers(const struct image *image, size_t offset, size_t bytes)
{
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];
        if (offset >= s->file_offset && bytes <= s->file_bytes &&
            offset - s->file_offset <= s->file_bytes - bytes)
            return s->va + (offset - s->file_offset);
    }
    return 0;
}

int elf_parse(const void *data, size_t size, struct image *image)
{
    const char *bytes = data;
    struct elf_header header;
    struct elf_program_header ph;
    if (size < sizeof(header))
        return -E_INVAL_ELF;
    memcpy(&header, bytes, sizeof(header));
    if (!header_ok(&header, size))
        return -E_INVAL_ELF;

    image->entry = header.entry;
    image->segments_n = 0;
    for (size_t i = 0; i < header.phnum; i++) {
        memcpy(&ph, bytes + header.phoff + i * sizeof(ph), sizeof(ph));
        if (ph.type == ELF_PT_INTERP)
            return -E_INVAL_ELF; /* it needs a dynamic linker */
        if (ph.type != ELF_PT_LOAD || (ph.memsz == 0 && ph.filesz == 0))
            continue;
        if (!segment_ok(&ph, size) || !add_segment(image, &ph))
            return -E_INVAL_ELF;
        check_segment(image, &ph);
    }
    image->headers_n = header.phnum;
    image->headers_va = find_headers(image, header.phoff, header.phnum * sizeof(ph));
    return entry_ok(image) ? 0 : -E_INVAL_ELF;
}
