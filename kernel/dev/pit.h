/* SPDX-License-Identifier: MIT */
/*
 * pit - the 8254 timer: TICK_HZ interrupts per second on IRQ 0.
 */
#ifndef DEV_PIT_H
#define DEV_PIT_H

#include <stdint.h>

#define PIT_IRQ 0

void pit_init(void);

/* Measure the length of a tick in counts of the time stamp counter; takes half a millisecond. Returns 0 if
 * the machine has no PIT that counts. Call after pit_init(), with interrupts off. */
uint32_t pit_measure_tsc(void);

#endif
