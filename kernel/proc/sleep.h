/* SPDX-License-Identifier: MIT */
/*
 * sleep - processes that wait for time to pass.
 */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include <stdint.h>

/* Timer ticks since boot. */
uint64_t timer_ticks(void);

/* The timer interrupt: count, and wake whose time has come. Interrupts off. */
void timer_tick(void);

/* Wake whose time has come, but no more than 64: the others are left to the next tick, or to idle. Caller
 * holds sched_lock. */
void timer_wake_due(void);

/* Sleep until timer_ticks() has grown by `ticks`, the one that has begun included; 0 returns at once.
 * -E_KILLED: killed meanwhile. */
int do_sleep(uint32_t ticks);

#endif
