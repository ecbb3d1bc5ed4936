/* SPDX-License-Identifier: MIT */
/*
 * races - records which words were accessed since the last point that orders processes and handlers.
 *
 * There are two tables, of the accesses by processes and by handlers, each with one entry for all words with
 * the same hash. An overwritten entry can hide a race, but cannot invent one. Incrementing `races_section`
 * invalidates all entries at once. A handler compares with the processes' table and a process with the
 * handlers', so races are found whichever access comes first.
 *
 * Stacks are ignored, because a handler reuses the stack of the process that it interrupts.
 * This file is compiled without the instrumentation that calls it. The compiler passes arguments on the
 * stack, whatever the calling convention of the kernel is.
 */
#include "check/races.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/i386/cpu.h"
#include "arch/i386/linear.h"
#include "check/locks.h"
#include "dev/console.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"
#include "watch/trace.h"
#include "watch/trace_record.h"

#define ENTRIES 4096 /* a power of two */
#define WORD sizeof(uint32_t)
#define HOOK __attribute__((regparm(0))) void

enum kind { READ = 0, WRITE = 1, MARKED = 2 };

struct access {
    uint32_t section; /* written last: 0 while the rest changes */
    uintptr_t address, caller;
    uint8_t bytes, kind;
};

uint32_t races_section = 1;

static struct access by_process[ENTRIES], by_handler[ENTRIES];
static bool reporting; /* the code that prints the report is instrumented: ignore its accesses */

extern char boot_stack[], boot_stack_top[];

static bool is_stack(uintptr_t address)
{
    return address >= KERNBASE + KMEMSIZE ||
           (address >= (uintptr_t)boot_stack && address < (uintptr_t)boot_stack_top);
}

/* Every handler restores this when it ends. */
static bool is_restored(uintptr_t address)
{
    return address - (uintptr_t)&locks_held < sizeof(locks_held);
}

/* A handler gives the number of free frames to its events: that it may be the one before does no harm. */
static bool is_for_events(uintptr_t address)
{
    return address - (uintptr_t)trace_free < sizeof(*trace_free);
}

static struct access *entry_of(struct access *table, uintptr_t address)
{
    uintptr_t word = address / WORD;
    return &table[(word ^ word / ENTRIES) % ENTRIES];
}

static bool is_race(const struct access *a, const struct access *b)
{
    bool overlap = a->address < b->address + b->bytes && b->address < a->address + a->bytes;
    return overlap && ((a->kind | b->kind) & WRITE) != 0;
}

static void print_access(const char *who, const struct access *access)
{
    kprintf("    %s %s %u bytes at ", who, access->kind & WRITE ? "wrote" : "read", access->bytes);
    backtrace_print_caller(access->caller);
    kprintf("\n");
}

static void report_race(const struct access *process, const struct access *handler)
{
    reporting = true;
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "data race at 0x%08x", (unsigned)MAX(process->address, handler->address));
    print_access("a handler", handler);
    kprintf("    with pid %d, interrupts on,\n", trace_pid());
    print_access("which", process);
    report_end(&report);
}

/* Store the access in its entry, unless that would replace a write of the same word. A handler that
 * interrupts this finds the old entry, an invalid one, or the new one. */
static void store(struct access *entry, const struct access *access)
{
    if (entry->section == access->section && entry->address == access->address && (entry->kind & WRITE) != 0)
        return;
    *(volatile uint32_t *)&entry->section = 0;
    entry->address = access->address;
    entry->caller = access->caller;
    entry->bytes = access->bytes;
    entry->kind = access->kind;
    *(volatile uint32_t *)&entry->section = access->section;
}

/* An access within one word. */
static void compare(const struct access *access, bool handler)
{
    const struct access *other = entry_of(handler ? by_process : by_handler, access->address);
    if (other->section == access->section && is_race(access, other))
        report_race(handler ? other : access, handler ? access : other);
    store(entry_of(handler ? by_handler : by_process, access->address), access);
}

void races_forget(void)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        by_process[i] = by_handler[i] = (struct access){0};
    races_section = 1;
}

static void record(uintptr_t address, size_t bytes, unsigned kind, uintptr_t caller)
{
    bool handler = (locks_held.classes & LOCKS_HANDLER) != 0;
    if (is_stack(address) || is_restored(address) || is_for_events(address) || reporting)
        return;
    if (!handler && ((kind & MARKED) != 0 || !cpu_irq_enabled()))
        return;
    for (uintptr_t end = address + bytes; address < end;) {
        uintptr_t part = MIN(end, ALIGN_DOWN(address, WORD) + WORD) - address;
        compare(&(struct access){races_section, address, caller, (uint8_t)part, (uint8_t)kind}, handler);
        address += part;
    }
}

#define ACCESS(name, bytes, kind)                                                 \
    HOOK name(uintptr_t address);                                                 \
    HOOK name(uintptr_t address)                                                  \
    {                                                                             \
        record(address, bytes, kind, (uintptr_t)__builtin_return_address(0) - 1); \
    }
#define ACCESSES(infix, bytes, mark)                          \
    ACCESS(__tsan_##infix##read##bytes, bytes, READ | (mark)) \
    ACCESS(__tsan_##infix##write##bytes, bytes, WRITE | (mark))

ACCESSES(, 1, 0)
ACCESSES(, 2, 0)
ACCESSES(, 4, 0)
ACCESSES(, 8, 0)
ACCESSES(, 16, 0)
ACCESSES(unaligned_, 2, 0)
ACCESSES(unaligned_, 4, 0)
ACCESSES(unaligned_, 8, 0)
ACCESSES(unaligned_, 16, 0)
ACCESSES(volatile_, 1, MARKED)
ACCESSES(volatile_, 2, MARKED)
ACCESSES(volatile_, 4, MARKED)
ACCESSES(volatile_, 8, MARKED)
ACCESSES(volatile_, 16, MARKED)
ACCESSES(unaligned_volatile_, 2, MARKED)
ACCESSES(unaligned_volatile_, 4, MARKED)
ACCESSES(unaligned_volatile_, 8, MARKED)
ACCESSES(unaligned_volatile_, 16, MARKED)

/* Each instrumented file has a constructor that calls this; the kernel runs none. */
HOOK __tsan_init(void);
HOOK __tsan_init(void)
{
}
