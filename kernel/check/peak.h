/* SPDX-License-Identifier: MIT */
/*
 * peak - the worst so far of what should stay small: how long interrupts were off, how deep a stack was.
 *
 * Each new maximum is an event of the trace, and all are told again at the end, so that the last
 * event of a kind is the run's. What is beyond its bound is a failed check.
 */
#ifndef CHECK_PEAK_H
#define CHECK_PEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* Interrupts may be off for so long, half a slice, by the time stamp counter. With QEMU's -icount that
 * counts instructions (2^shift nanoseconds each: 390,000 of them at shift 7). Without it whatever
 * keeps the host from running us counts, too: hence so wide a bound. */
#define IRQ_OFF_TICKS_MAX 5

/* So many bytes of every stack stay free: an interrupt handler and a report need them. */
#define STACK_FREE_MIN 512

extern uint32_t peak_irq_off; /* the longest stretch, in counts of the time stamp counter */

/* Interrupts were off for `tsc` counts, longer than ever, because of what was done at `site`. */
void peak_irq_off_raise(uint32_t tsc, uintptr_t site);

static inline bool peak_irq_off_is_new(uint32_t tsc)
{
    return __builtin_expect(tsc > peak_irq_off, 0);
}

/* Fill the free part of a stack, of `bytes` bytes from `base`, with a pattern. Nothing in other builds. */
void peak_stack_paint(uintptr_t base, uintptr_t bytes);

/* See how much of a painted stack has been used; it was process `pid`'s. */
void peak_stack_note(uintptr_t base, uintptr_t bytes, int pid);

/* Record all maxima again; the run ends. */
void peak_trace(void);

#endif
