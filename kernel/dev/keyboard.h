/* SPDX-License-Identifier: MIT */
/*
 * keyboard - a PS/2 keyboard with US layout, which sends the bytes that a terminal sends.
 *
 * Shift-PageUp and shift-PageDown look through the history of the screen instead. What is typed while the
 * input queue is full is lost, and counted (dev/input.h).
 */
#ifndef DEV_KEYBOARD_H
#define DEV_KEYBOARD_H

#include <stdbool.h>

#define KEYBOARD_IRQ 1

/* Find the controller, and let keys raise IRQ 1. Returns false if there is none. */
bool keyboard_init(void);

/* The handler of IRQ 1: puts what was typed into the input queue. Without a keyboard it does nothing.
 * Interrupts off. */
void keyboard_interrupt(void);

#endif
