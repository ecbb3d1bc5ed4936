/* SPDX-License-Identifier: MIT */
/*
 * sleep - timer ticks, and processes that sleep for a time.
 */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include <stdint.h>

/* Begin at `ticks` instead of 0, to try what happens where counters wrap. Called once at boot. */
void timer_start(uint64_t ticks);

/* Returns the timer ticks since boot. */
uint64_t timer_ticks(void);

/* Called by the timer interrupt: count the tick and wake processes that are due. Interrupts off. */
void timer_tick(void);

/* Wake the processes that are due, but at most 64; the next tick or idle wakes the others. Caller holds
 * sched_lock. */
void timer_wake_due(void);

/* Have the timer wake the current process, whatever it sleeps for, when timer_ticks() has increased by
 * `ticks`, at least 1; its field timer_armed is false from then on. If it is true when the sleep has ended,
 * timer_disarm() follows. Caller holds sched_lock. */
void timer_arm(uint64_t ticks);
void timer_disarm(void);

/* Sleep until timer_ticks() has increased by `ticks`; the tick in progress counts as the first. Returns 0, at
 * once if `ticks` is 0; -E_KILLED if the process was killed. */
int do_sleep(uint32_t ticks);

#endif
