/*
 * sleep - processes that wait for time to pass.
 */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include <stdint.h>

/* Timer ticks since boot. */
uint64_t timer_ticks(void);

/* The timer interrupt: count, and wake whose time has come, but no more than 64: the others wait for the next
 * tick. Interrupts off. */
void timer_tick(void);

/* Sleep until timer_ticks() has grown by `ticks`, the one that has begun included; 0 returns at once.
 * -E_KILLED: killed meanwhile. */
int do_sleep(uint32_t ticks);

#endif
