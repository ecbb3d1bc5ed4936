/* SPDX-License-Identifier: MIT */
/*
 * kasan_report - finds out what the memory is: a variable, from the compiler's tables, or memory of an
 * allocator, which describes it.
 */
#include "check/kasan_report.h"

#include "arch/i386/peek.h"
#include "arch/i386/shadow.h"
#include "check/kasan.h"
#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"

#define GLOBAL_ARRAYS_MAX 128 /* files with global variables */
#define FRAME_MAGIC 0x41B58AB3u
#define FRAME_SEARCH 2048 /* granules below an address */

static struct {
    const struct kasan_global *first;
    size_t n;
} global_arrays[GLOBAL_ARRAYS_MAX];
static size_t arrays_used;
static void (*describe_memory)(uintptr_t va);

void kasan_set_describer(void (*describe)(uintptr_t va))
{
    describe_memory = describe;
}

void kasan_add_globals(const struct kasan_global *globals, size_t n)
{
    if (arrays_used == GLOBAL_ARRAYS_MAX)
        return; /* reports will not name these variables */
    global_arrays[arrays_used].first = globals;
    global_arrays[arrays_used++].n = n;
}

static void describe_global(uintptr_t va)
{
    for (size_t i = 0; i < arrays_used; i++) {
        for (size_t j = 0; j < global_arrays[i].n; j++) {
            const struct kasan_global *global = &global_arrays[i].first[j];
            if (va - global->start < global->bytes_with_red_zone)
                kprintf("    0x%08x is %u bytes behind the %u of the global variable \"%s\"\n", (unsigned)va,
                        (unsigned)(va - global->start - global->bytes), (unsigned)global->bytes,
                        global->name);
        }
    }
}

/* The lowest word of the frame that `va` is in, or NULL. The compiler wrote there FRAME_MAGIC and
 * where the frame's variables are. */
static const uintptr_t *find_frame(uintptr_t va)
{
    va = ALIGN_DOWN(va, SHADOW_GRANULE);
    for (size_t i = 0; i < FRAME_SEARCH && peek_readable(va); i++, va -= SHADOW_GRANULE) {
        if (kasan_state(va) == KASAN_STACK_LEFT && kasan_state(va - SHADOW_GRANULE) != KASAN_STACK_LEFT)
            return *(const uintptr_t *)va == FRAME_MAGIC ? (const uintptr_t *)va : NULL;
    }
    return NULL;
}

static unsigned take_number(const char **text)
{
    unsigned number = 0;
    for (; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (unsigned)(**text - '0');
    *text += **text == ' ';
    return number;
}

/* The frame's text: the number of variables, then for each "offset bytes name-length name", where
 * the name may end in :line. Says which is the one at or before `va`, or the first. */
static void describe_local(uintptr_t va)
{
    const uintptr_t *frame = find_frame(va);
    if (frame == NULL)
        return;
    const char *text = (const char *)frame[1], *name = "?";
    unsigned start = 0, bytes = 0, length = 1, n = take_number(&text);
    for (unsigned i = 0; i < n; i++) {
        unsigned offset = take_number(&text), size = take_number(&text), name_length = take_number(&text);
        if (i == 0 || (uintptr_t)frame + offset <= va) {
            start = offset;
            bytes = size;
            name = text;
            for (length = 0; length < name_length && name[length] != ':';)
                length++;
        }
        text += name_length + 1;
    }
    int at = (int)(va - (uintptr_t)frame) - (int)start;
    kprintf("    0x%08x is at byte %d of the %u of the local variable \"%.*s\" of ", (unsigned)va, at, bytes,
            (int)length, name);
    backtrace_print_caller(frame[2]);
    kprintf("\n");
}

static const char *reason(uint8_t shadow)
{
    switch (shadow) {
    case KASAN_STACK_LEFT:
    case KASAN_STACK_MIDDLE:
    case KASAN_STACK_RIGHT:
        return "outside of a local variable";
    case KASAN_STACK_SCOPE:
        return "in a local variable whose block was left";
    case KASAN_GLOBAL:
        return "behind a global variable";
    case KASAN_HEAP_NEVER:
        return "in a heap object that was never handed out";
    case KASAN_HEAP_RED:
        return "outside of a heap object";
    case KASAN_HEAP_FREED:
        return "in a heap object after it was freed";
    case KASAN_KSTACK_FREED:
        return "in a kernel stack after it was freed";
    case KASAN_PAGE_FREED:
        return "in a frame that no one holds";
    default:
        return "in memory that no one may access";
    }
}

static void describe(uintptr_t va, uint8_t shadow)
{
    if (shadow >= KASAN_STACK_LEFT && shadow <= KASAN_STACK_SCOPE)
        describe_local(va);
    else if (shadow == KASAN_GLOBAL)
        describe_global(va);
    else if (describe_memory != NULL)
        describe_memory(va);
}

void kasan_report_access(const struct kasan_access *access)
{
    uint8_t shadow = kasan_state(access->bad);
    if (shadow < SHADOW_GRANULE) /* a partial granule: the next one has the reason */
        shadow = kasan_state(access->bad + SHADOW_GRANULE);
    const struct report report = report_call(REPORT_SANITIZER, access->caller);
    report_begin(&report, "KASAN: %s of %u bytes %s", access->write ? "write" : "read",
                 (unsigned)access->bytes, reason(shadow));
    kprintf("    the access begins at 0x%08x\n", (unsigned)access->va);
    describe(access->bad, shadow);
    report_end(&report);
}

void kasan_report_other(const char *why, uintptr_t va, uintptr_t caller)
{
    const struct report report = report_call(REPORT_SANITIZER, caller);
    report_begin(&report, "KASAN: %s", why);
    describe(va, KASAN_HEAP_RED);
    report_end(&report);
}
