/* SPDX-License-Identifier: MIT */
/*
 * races - remembers who touched which word since the last point that orders processes and handlers.
 *
 * Two tables, one of processes' accesses and one of handlers', each with one place for all words
 * with the same hash: what is overwritten is a race not found, never one made up. The counter
 * `races_section` empties both at once. A handler looks into the processes' table and a process
 * into the handlers', so it does not matter who came first.
 *
 * Stacks are left out: a handler runs on the stack of whom it interrupts, on words that were his.
 * This file is compiled without the instrumentation it serves. The compiler passes its arguments
 * on the stack, whatever the kernel's own convention is.
 */
#include "check/races.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/i386/cpu.h"
#include "arch/i386/linear.h"
#include "check/locks.h"
#include "dev/console.h"
#include "lib/util.h"
#include "watch/assert.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define PLACES 4096 /* a power of two */
#define WORD sizeof(uint32_t)
#define HOOK __attribute__((regparm(0))) void

enum kind { READ = 0, WRITE = 1, MARKED = 2 };

struct access {
    uint32_t section; /* written last: 0 while the rest changes */
    uintptr_t address, site;
    uint8_t bytes, kind;
};

uint32_t races_section = 1;

static struct access by_process[PLACES], by_handler[PLACES];
static bool reporting; /* what we call is instrumented */

extern char boot_stack[], boot_stack_top[];

static bool is_stack(uintptr_t address)
{
    return address >= KERNBASE + KMEMSIZE ||
           (address >= (uintptr_t)boot_stack && address < (uintptr_t)boot_stack_top);
}

/* Every handler puts this back as it found it. */
static bool is_put_back(uintptr_t address)
{
    return address - (uintptr_t)&locks_held < sizeof(locks_held);
}

static struct access *place_of(struct access *table, uintptr_t address)
{
    uintptr_t word = address / WORD;
    return &table[(word ^ word / PLACES) % PLACES];
}

static bool is_race(const struct access *a, const struct access *b)
{
    bool overlap = a->address < b->address + b->bytes && b->address < a->address + a->bytes;
    return overlap && ((a->kind | b->kind) & WRITE) != 0;
}

static void print_access(const char *who, const struct access *access)
{
    kprintf("    %s %s %u bytes at ", who, access->kind & WRITE ? "wrote" : "read", access->bytes);
    backtrace_print_site(access->site);
    kprintf("\n");
}

static void report(const struct access *process, const struct access *handler)
{
    reporting = true;
    rule_begin("data race at 0x%08x", (unsigned)MAX(process->address, handler->address));
    print_access("a handler", handler);
    kprintf("    with pid %d, interrupts on,\n", trace_pid());
    print_access("which", process);
    rule_end();
}

/* Keep it for others to see; a write says more than a read of the same. A handler that comes in between
 * finds the old entry, none, or the new one. */
static void remember(struct access *place, const struct access *access)
{
    if (place->section == access->section && place->address == access->address && (place->kind & WRITE) != 0)
        return;
    *(volatile uint32_t *)&place->section = 0;
    place->address = access->address;
    place->site = access->site;
    place->bytes = access->bytes;
    place->kind = access->kind;
    *(volatile uint32_t *)&place->section = access->section;
}

/* One word, or a part of one. */
static void look_at(const struct access *access, bool handler)
{
    const struct access *other = place_of(handler ? by_process : by_handler, access->address);
    if (other->section == access->section && is_race(access, other))
        report(handler ? other : access, handler ? access : other);
    remember(place_of(handler ? by_handler : by_process, access->address), access);
}

static void note(uintptr_t address, size_t bytes, unsigned kind, uintptr_t site)
{
    bool handler = (locks_held.classes & LOCKS_HANDLER) != 0;
    if (is_stack(address) || is_put_back(address) || reporting)
        return;
    if (!handler && ((kind & MARKED) != 0 || !cpu_irq_enabled()))
        return;
    for (uintptr_t end = address + bytes; address < end;) {
        uintptr_t part = MIN(end, ALIGN_DOWN(address, WORD) + WORD) - address;
        look_at(&(struct access){races_section, address, site, (uint8_t)part, (uint8_t)kind}, handler);
        address += part;
    }
}

#define ACCESS(name, bytes, kind)                                               \
    HOOK name(uintptr_t address);                                               \
    HOOK name(uintptr_t address)                                                \
    {                                                                           \
        note(address, bytes, kind, (uintptr_t)__builtin_return_address(0) - 1); \
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

/* Each file would call it from a constructor; nobody calls those here. */
HOOK __tsan_init(void);
HOOK __tsan_init(void)
{
}
