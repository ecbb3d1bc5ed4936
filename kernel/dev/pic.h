/*
 * pic - the two 8259A interrupt controllers, moved to vectors 0x20 to 0x2f.
 */
#ifndef DEV_PIC_H
#define DEV_PIC_H

#include <stdbool.h>

/* Set both up with every line shut. */
void pic_init(void);

/* Let IRQ `irq` (0 to 15) through. */
void pic_unmask(unsigned irq);

/* Whether `irq` is really being served: lines 7 and 15 also report noise. If so its end is
 * signalled to the controllers; the handler may run after that, with interrupts off. */
bool pic_acknowledge(unsigned irq);

#endif
