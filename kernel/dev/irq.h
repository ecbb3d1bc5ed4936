/* SPDX-License-Identifier: MIT */
/*
 * irq - which function handles the interrupts of which line.
 *
 * main.c installs the handlers, so neither trap entry nor a device knows what lies above it.
 */
#ifndef DEV_IRQ_H
#define DEV_IRQ_H

#include <stdint.h>

#define IRQ_LINES 16 /* of the two controllers of dev/pic.h */

/* Called with interrupts off, after the controller has been told that the interrupt is over. */
typedef void irq_handler(void);

/* Make `handler` the handler of line `irq` and unmask the line. After pic_init(). */
void irq_install(unsigned irq, irq_handler *handler);

/* Handle an interrupt of line `irq`; for trap entry, interrupts off. */
void irq_handle(unsigned irq);

/* Count an interrupt that no handler serves: spurious, of a line without a handler, or an unused vector. */
void irq_count_stray(void);

uint32_t irq_stray_count(void);

#endif
