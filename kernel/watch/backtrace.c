/* SPDX-License-Identifier: MIT */
/*
 * backtrace - follows the chain of frame pointers: [ebp] is the caller's, [ebp + 4] where it goes on.
 */
#include "watch/backtrace.h"

#include <stddef.h>

#include "arch/i386/peek.h"
#include "dev/console.h"
#include "lib/string.h"

#define MAX_FRAMES 32

/* Written by tools/build/line_table.py, sorted by address. Weak: the first link has none of it. */
struct line_entry {
    uint32_t address;
    uint16_t file, line;
};
struct function_entry {
    uint32_t address;
    uint32_t name; /* offset in line_strings */
};
extern const struct line_entry line_table[] __attribute__((weak));
extern const uint32_t line_count __attribute__((weak));
extern const struct function_entry function_table[] __attribute__((weak));
extern const uint32_t function_count __attribute__((weak));
extern const uint32_t file_names[] __attribute__((weak));
extern const char line_strings[] __attribute__((weak));

extern char kernel_start[], kernel_text_end[];

/* The last of n entries of `size` bytes whose first word, an address, is at most `address`. */
static const void *find_entry(const void *table, size_t size, uint32_t n, uintptr_t address)
{
    const char *found = NULL, *base = table;
    while (n > 0) {
        const char *middle = base + n / 2 * size;
        if (*(const uint32_t *)(const void *)middle <= address) {
            found = middle;
            base = middle + size;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return found;
}

bool backtrace_is_code(uintptr_t address)
{
    return address >= (uintptr_t)kernel_start && address < (uintptr_t)kernel_text_end;
}

void backtrace_print_site(uintptr_t address)
{
    const struct line_entry *line = NULL;
    const struct function_entry *function = NULL;
    if (backtrace_is_code(address) && &line_count != NULL) {
        line = find_entry(line_table, sizeof(*line), line_count, address);
        function = find_entry(function_table, sizeof(*function), function_count, address);
    }
    if (line == NULL || function == NULL)
        kprintf("0x%08x", (uint32_t)address);
    else
        kprintf("%s (%s:%u)", line_strings + function->name, line_strings + file_names[line->file],
                line->line);
}

void backtrace_function(uintptr_t address, char *name, size_t size)
{
    const struct function_entry *function = NULL;
    if (backtrace_is_code(address) && &function_count != NULL)
        function = find_entry(function_table, sizeof(*function), function_count, address);
    strlcpy(name, function == NULL ? "?" : line_strings + function->name, size);
}

void backtrace_print_frame(uintptr_t address)
{
    kprintf("  [0x%08x] ", (uint32_t)address);
    backtrace_print_site(address);
    kprintf("\n");
}

/* The frame at `ebp`, or NULL when there is none: its function was called by nobody. */
static const uintptr_t *frame_at(uintptr_t ebp)
{
    const uintptr_t *frame = (const uintptr_t *)ebp;
    if (ebp == 0 || ebp % sizeof(uintptr_t) != 0 || !peek_readable(ebp) ||
        !peek_readable(ebp + sizeof(uintptr_t)))
        return NULL;
    return frame[1] == 0 ? NULL : frame;
}

void backtrace_find(uintptr_t address, uintptr_t *ebp)
{
    const uintptr_t *frame = frame_at(*ebp);
    for (int i = 0; i < MAX_FRAMES && frame != NULL && frame[0] > (uintptr_t)frame; i++) {
        if (frame[1] - 1 == address) {
            *ebp = frame[0];
            return;
        }
        frame = frame_at(frame[0]);
    }
}

void backtrace_print(uintptr_t ebp)
{
    const uintptr_t *frame = frame_at(ebp);
    for (int i = 0; i < MAX_FRAMES && frame != NULL; i++) {
        backtrace_print_frame(frame[1] - 1); /* the call, not what follows it */
        if (frame[0] <= (uintptr_t)frame)
            return;
        frame = frame_at(frame[0]);
    }
}
