/* SPDX-License-Identifier: MIT */
/*
 * peak - a stack is painted once; what is no longer paint has been used.
 *
 * Looking at all of a stack at every exit would cost more than the exit. A stack that went deeper
 * than any before it has left something in the words just below the old mark; only then is the rest
 * looked at. (Arrays that nobody writes to may hide a word there, but not so many.)
 */
#include "check/peak.h"

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/util.h"
#include "watch/assert.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define PAINT 0xA5C35A3Cu
#define WINDOW_BYTES 512

enum {
#define PEAK(NAME, name) PEAK_##NAME,
#include <ucow/enums.def>
};

uint32_t peak_irq_off;
static uintptr_t irq_off_site;
static int irq_off_pid;

static uintptr_t stack_used;
static int stack_pid;

void peak_irq_off_raise(uint32_t tsc, uintptr_t site)
{
    if (trace_ring.tsc_per_tick == 0)
        return; /* the machine comes up */
    peak_irq_off = tsc;
    irq_off_site = site;
    irq_off_pid = trace_pid();
    TRACE(peak, PEAK_IRQ_OFF, tsc, irq_off_pid, site);
    if (tsc / IRQ_OFF_TICKS_MAX < trace_ring.tsc_per_tick)
        return;
    rule_begin("interrupts were off for %u counts of the time stamp counter, more than %u ticks", tsc,
               IRQ_OFF_TICKS_MAX);
    kprintf("    since ");
    backtrace_print_site(site);
    kprintf("\n");
    rule_end();
}

void peak_stack_paint(uintptr_t base, uintptr_t bytes)
{
    if (CONFIG_DEBUG_CHECKS)
        cpu_fill_words((uint32_t *)base, PAINT, bytes / sizeof(uint32_t));
}

/* Bytes from `from` upwards that are still paint. */
static uintptr_t paint_left(uintptr_t from, uintptr_t bytes)
{
    return cpu_count_words((const uint32_t *)from, PAINT, bytes / sizeof(uint32_t)) * sizeof(uint32_t);
}

void peak_stack_note(uintptr_t base, uintptr_t bytes, int pid)
{
    if (!CONFIG_DEBUG_CHECKS)
        return;
    uintptr_t mark = bytes - stack_used;
    uintptr_t window = MIN(mark, (uintptr_t)WINDOW_BYTES);
    if (paint_left(base + mark - window, window) == window)
        return;
    uintptr_t unused = paint_left(base, bytes);
    stack_used = bytes - unused;
    stack_pid = pid;
    TRACE(peak, PEAK_STACK, stack_used, pid, 0);
    if (unused < STACK_FREE_MIN)
        rule_broken("pid %d left %u bytes of its kernel stack of %u unused: fewer than %u", pid,
                    (unsigned)unused, (unsigned)bytes, STACK_FREE_MIN);
}

void peak_trace(void)
{
    if (!CONFIG_DEBUG_CHECKS)
        return;
    TRACE(peak, PEAK_IRQ_OFF, peak_irq_off, irq_off_pid, irq_off_site);
    TRACE(peak, PEAK_STACK, stack_used, stack_pid, 0);
}
