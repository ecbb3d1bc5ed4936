/* SPDX-License-Identifier: MIT */
/*
 * elf_fuzzer - runs the ELF loader under libFuzzer with AddressSanitizer and UBSan.
 *
 * An input is an ELF file. If elf_parse() accepts it, the image must be as image.h promises; the fuzzer maps
 * it, reads the first and last bytes of each segment as a program would, and checks that all memory was
 * freed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ucow/errno.h>

#include "host_mm.h"
#include "mm/image.h"
#include "proc/elf.h"
#include "watch/panic.h"

#define PROGRAM_TOP (USERTOP - (USER_STACK_PAGES + 1) * PAGE_SIZE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- unit.h: a failed check aborts ---- */

bool unit_in_copy;

static _Noreturn void die(const char *format, va_list args)
{
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    abort();
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    die(format, args);
}

void check_failed(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    die(format, args);
}

void report_begin(const struct report *report, const char *format, ...)
{
    va_list args;

    (void)report;
    va_start(args, format);
    die(format, args);
}

void report_end(const struct report *report)
{
    (void)report;
    abort();
}

void unit_check(bool ok, const char *file, int line, const char *text)
{
    if (!ok)
        panic("%s:%d: expected %s", file, line, text);
}

void unit_check_eq(intmax_t a, intmax_t b, const char *file, int line, const char *text)
{
    if (a != b)
        panic("%s:%d: expected %s, but %jd != %jd", file, line, text, a, b);
}

/* ---- checks of an accepted file ---- */

static bool is_entry(const struct image *image, const struct image_segment *s)
{
    return (s->flags & VM_EXEC) && image->entry >= s->va && image->entry - s->va < s->memory_bytes;
}

/* Segments are sorted and disjoint, lie in user space below the stack, and have their bytes in the file. */
static void check_segments(const struct image *image, size_t size)
{
    uintptr_t end = USERBASE;
    bool entry = false;

    CHECK(image->segments_n > 0 && image->segments_n <= IMAGE_MAX_SEGMENTS);
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];

        CHECK(s->va >= end && s->va <= PROGRAM_TOP && s->memory_bytes <= PROGRAM_TOP - s->va);
        CHECK(s->memory_bytes != 0 && s->file_bytes <= s->memory_bytes);
        CHECK(s->file_offset <= size && s->file_bytes <= size - s->file_offset);
        CHECK((s->flags & ~(VM_READ | VM_WRITE | VM_EXEC)) == 0);
        end = s->va + s->memory_bytes;
        entry |= is_entry(image, s);
    }
    CHECK(entry);
}

/* A readable byte at offset `at` of the segment has the value from the file, or 0 after its end. */
static void check_byte(struct mm *mm, const struct image *image, const struct image_segment *s, size_t at)
{
    enum mm_outcome outcome;
    const uint8_t *byte = host_byte(mm, s->va + at, false, &outcome);

    if (byte == NULL)
        CHECK((s->flags & (VM_READ | VM_WRITE | VM_EXEC)) == 0 || outcome == MM_OOM);
    else
        CHECK_EQ(*byte, at < s->file_bytes ? image->data[s->file_offset + at] : 0);
}

static void check_memory(struct image *image)
{
    struct mm *mm = host_mm_new();

    CHECK_EQ(image_map(image, mm), 0);
    for (size_t i = 0; i < image->segments_n; i++) {
        const struct image_segment *s = &image->segments[i];

        check_byte(mm, image, s, 0);
        check_byte(mm, image, s, s->memory_bytes - 1);
        if (s->file_bytes > 0 && s->file_bytes < s->memory_bytes) {
            check_byte(mm, image, s, s->file_bytes - 1);
            check_byte(mm, image, s, s->file_bytes);
        }
    }
    host_mm_drop(mm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image *image;
    int error;

    host_mm_start();
    image = image_new(data);
    error = elf_parse(data, size, image);
    CHECK(error == 0 || error == -E_INVAL_ELF);
    if (error == 0) {
        check_segments(image, size);
        check_memory(image);
    }
    image_drop(image);
    host_mm_check_all_back();
    return 0;
}
