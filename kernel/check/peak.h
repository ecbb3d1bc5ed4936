/* SPDX-License-Identifier: MIT */
/*
 * peak - maxima of what must stay small: the time with interrupts off, the time between two points at which
 * others may run, and the depth of kernel stacks.
 *
 * Each new maximum is a trace event, and all maxima are recorded again at the end of the run, so the last
 * event of a kind holds the run's. A maximum beyond its bound is a failed check.
 */
#ifndef CHECK_PEAK_H
#define CHECK_PEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "config.h"

/* Interrupts may be off for this many ticks, half a slice, measured with the time stamp counter. With QEMU's
 * -icount it counts instructions (2^shift nanoseconds each: 390,000 of them at shift 7). Without it, time
 * in which the host does not run the machine counts too: then the maximum is recorded and not judged. */
#define IRQ_OFF_TICKS_MAX 5

/* This many bytes of every stack stay unused: an interrupt handler and a report need them. */
#define STACK_FREE_MIN 512

extern uint32_t peak_irq_off_max; /* the longest time, in counts of the time stamp counter */

/* The length of a tick is known: find out whether the time stamp counter counts instructions. It does if
 * equal loops take equal times, and a longer loop takes longer. Interrupts off. */
void peak_clock_known(void);

/* Interrupts were off for `tsc` counts, a new maximum, because of the code at `caller`. */
void peak_irq_off_raise(uint32_t tsc, uintptr_t caller);

/* Interrupts were off for `tsc` counts because of the code at `caller`. */
static inline void peak_irq_off(uint32_t tsc, uintptr_t caller)
{
    if (__builtin_expect(tsc > peak_irq_off_max, 0))
        peak_irq_off_raise(tsc, caller);
}

/* The longest time that the kernel worked for one process without a point at which others may run, in counts
 * of the time stamp counter; when the present one began; and where an interrupt last found it, 0: none did.
 */
extern uint32_t peak_stretch_max, peak_stretch_since;
extern volatile uintptr_t peak_stretch_eip; /* volatile: handlers read it, too */

/* A stretch of `tsc` counts, a new maximum, ended at `site`. */
void peak_stretch_raise(uint32_t tsc, uintptr_t site);

/* The kernel began at `since` to work for a process: it entered the kernel, or runs again. */
static inline void peak_stretch_begin(uint32_t since)
{
    peak_stretch_since = since;
    peak_stretch_eip = 0;
}

/* Others may run, or the process leaves the kernel, at the time `now`. */
static inline void peak_stretch_end(uint32_t now, uintptr_t site)
{
    uint32_t tsc = now - peak_stretch_since;
    if (__builtin_expect(tsc > peak_stretch_max, 0))
        peak_stretch_raise(tsc, site);
}

/* Others may run: the same, and `site` is where this is called. */
SITE_OF_CALLER void peak_stretch_end_here(void)
{
    uint32_t tsc = cpu_tsc_low() - peak_stretch_since;
    if (__builtin_expect(tsc > peak_stretch_max, 0))
        peak_stretch_raise(tsc, cpu_here());
}

/* A stretch ends at `site`, and the next begins. */
static inline void peak_stretch_point(uintptr_t site)
{
    uint32_t now = cpu_tsc_low(), tsc = now - peak_stretch_since;
    peak_stretch_since = now;
    if (__builtin_expect(tsc > peak_stretch_max, 0))
        peak_stretch_raise(tsc, site);
    peak_stretch_eip = 0;
}

/* Measure the unused part of a stack, of `bytes` bytes from `base`, which process `pid` had. */
void peak_stack_measure(uintptr_t base, uintptr_t bytes, int pid);

/* Fill it with a pattern. */
void peak_stack_fill(uintptr_t base, uintptr_t bytes);

/* Record all maxima again. */
void peak_trace(void);

/* A kernel stack is allocated. */
static inline void peak_stack_paint(uintptr_t base, uintptr_t bytes)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stack_fill(base, bytes);
}

/* Process `pid` no longer uses its kernel stack. */
static inline void peak_stack_used(uintptr_t base, uintptr_t bytes, int pid)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stack_measure(base, bytes, pid);
}

#endif
