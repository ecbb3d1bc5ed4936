/* SPDX-License-Identifier: MIT */
/*
 * pic - the two 8259A interrupt controllers, moved to vectors 0x20 to 0x2f.
 */
#ifndef DEV_PIC_H
#define DEV_PIC_H

#include <stdbool.h>

/* Initialise both with every line masked, except the cascade. Returns false if the machine has none. */
bool pic_init(void);

/* Unmask IRQ `irq`, 0 to 15. */
void pic_unmask(unsigned irq);

/* Whether `irq` is genuine: lines 7 and 15 can be spurious. Signals the end of a genuine interrupt to the
 * controllers; the handler may run after that, with interrupts off. */
bool pic_acknowledge(unsigned irq);

#endif
