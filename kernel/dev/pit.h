/*
 * pit - the 8254 timer: TICK_HZ interrupts a second on IRQ 0.
 */
#ifndef DEV_PIT_H
#define DEV_PIT_H

#include <stdint.h>

void pit_init(void);

/* How many counts of the time stamp counter a tick is, by waiting for half a millisecond. After
 * pit_init(), interrupts off. */
uint32_t pit_measure_tsc(void);

#endif
