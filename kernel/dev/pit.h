/*
 * pit - the 8254 timer: TICK_HZ interrupts a second on IRQ 0.
 */
#ifndef DEV_PIT_H
#define DEV_PIT_H

void pit_init(void);

#endif
