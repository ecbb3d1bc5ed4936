/* SPDX-License-Identifier: MIT */
/*
 * peak - fills a stack with a pattern when it is allocated; where the pattern is gone, it was used.
 *
 * Comparing a whole stack at every exit would cost more than the exit. A stack that went deeper than any
 * before it has changed words just below the old maximum; only then is the rest compared. (An array that
 * the function never writes can hide single words, but not a whole window.) Of two neighbouring words one is
 * enough there: a function puts its return address and the frame pointer side by side.
 */
#include "check/peak.h"

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define PATTERN 0xA5C35A3Cu
#define WINDOW_BYTES 512
#define WINDOW_WORDS (WINDOW_BYTES / sizeof(uint32_t))
#define WINDOW_STEP 32 /* words without a branch between them */
#define TIMINGS 16
#define LOOP_ROUNDS 25 /* 50 instructions */

enum {
#define PEAK(NAME, name) PEAK_##NAME,
#include <ucow/enums.def>
};

/* The time stamp counter counts instructions, as with QEMU's -icount. Otherwise it follows the host's clock,
 * and the host may have stopped the machine: a long time says nothing about the kernel. */
static bool tsc_steady;

uint32_t peak_irq_off_max;
static uintptr_t irq_off_caller;
static int irq_off_pid;

uint32_t peak_stretch_max, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;
static uintptr_t stretch_site;
static int stretch_pid;

static uintptr_t stack_used;
static int stack_pid;

/* The time in which a loop of `rounds` rounds runs; 0 if it differs between TIMINGS runs. */
static uint32_t time_of_loop(uint32_t rounds)
{
    uint32_t first = 0;
    for (int i = 0; i < TIMINGS; i++) {
        uint32_t since = cpu_tsc_low();
        cpu_loop(rounds);
        uint32_t passed = cpu_tsc_low() - since;
        if (i == 0)
            first = passed;
        else if (passed != first)
            return 0;
    }
    return first;
}

void peak_clock_known(void)
{
    uint32_t brief = time_of_loop(LOOP_ROUNDS), longer = time_of_loop(10 * LOOP_ROUNDS);
    tsc_steady = brief != 0 && longer > 5 * brief && longer < 15 * brief;
}

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    if (trace_ring.tsc_per_tick == 0)
        return; /* during boot */
    peak_irq_off_max = tsc;
    irq_off_caller = caller;
    irq_off_pid = trace_pid();
    TRACE(peak, PEAK_IRQ_OFF, tsc, irq_off_pid, caller);
    if (!tsc_steady || tsc / IRQ_OFF_TICKS_MAX < trace_ring.tsc_per_tick)
        return;
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "interrupts were off for %u counts of the time stamp counter, more than %u ticks",
                 tsc, IRQ_OFF_TICKS_MAX);
    kprintf("    since ");
    backtrace_print_caller(caller);
    kprintf("\n");
    report_end(&report);
}

/* Not a failed check: without QEMU's -icount, time in which the host does not run the machine counts too.
 * Test `latency` has the bound. */
void peak_stretch_raise(uint32_t tsc, uintptr_t site)
{
    if (trace_ring.tsc_per_tick == 0)
        return; /* during boot */
    peak_stretch_max = tsc;
    stretch_site = peak_stretch_eip != 0 ? peak_stretch_eip : site;
    stretch_pid = trace_pid();
    TRACE(peak, PEAK_STRETCH, tsc, stretch_pid, stretch_site);
}

void peak_stack_fill(uintptr_t base, uintptr_t bytes)
{
    cpu_fill_words((uint32_t *)base, PATTERN, bytes / sizeof(uint32_t));
}

/* Bytes from `from` upwards that still hold the pattern. */
static uintptr_t pattern_left(uintptr_t from, uintptr_t bytes)
{
    return cpu_count_words((const uint32_t *)from, PATTERN, bytes / sizeof(uint32_t)) * sizeof(uint32_t);
}

/* Whether no function has used the window. Its last word is also the return address of a function that keeps
 * no frame pointer. One word that differs changes the sum; several leave it unchanged by an accident of 1 in
 * 2^32. Not checked by kasan: the red zones of functions that have never returned are on a dead stack. */
__attribute__((no_sanitize("kernel-address"))) static bool window_unused(const uint32_t *window)
{
    uint32_t sum = window[WINDOW_WORDS - 1];
    for (size_t i = 0; i < WINDOW_WORDS; i += WINDOW_STEP) {
        for (size_t k = 0; k < WINDOW_STEP; k += 2)
            sum += window[i + k];
    }
    return sum == (uint32_t)(PATTERN * (WINDOW_WORDS / 2 + 1));
}

void peak_stack_measure(uintptr_t base, uintptr_t bytes, int pid)
{
    uintptr_t mark = bytes - stack_used;
    if (mark >= WINDOW_BYTES && window_unused((const uint32_t *)(base + mark - WINDOW_BYTES)))
        return;
    uintptr_t unused = pattern_left(base, bytes);
    stack_used = bytes - unused;
    stack_pid = pid;
    TRACE(peak, PEAK_STACK, stack_used, pid, 0);
    if (unused < STACK_FREE_MIN)
        check_failed("pid %d left %u bytes of its kernel stack of %u unused: fewer than %u", pid,
                     (unsigned)unused, (unsigned)bytes, STACK_FREE_MIN);
}

void peak_trace(void)
{
    TRACE(peak, PEAK_IRQ_OFF, peak_irq_off_max, irq_off_pid, irq_off_caller);
    TRACE(peak, PEAK_STRETCH, peak_stretch_max, stretch_pid, stretch_site);
    TRACE(peak, PEAK_STACK, stack_used, stack_pid, 0);
}
