/* SPDX-License-Identifier: MIT */
/*
 * screen - a terminal on the VGA: it shows what is written, and keeps what has left the screen at the top.
 *
 * It knows the control characters BS, HT, LF (with CR) and CR, and of ECMA-48 the sequences that move the
 * cursor, erase, and set colours; it ignores other sequences. Characters are UTF-8; those that code page 437
 * lacks are shown as question marks.
 */
#ifndef DEV_SCREEN_H
#define DEV_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Clear the screen. Returns false if there is none (vga_init()); nothing else may be called then. */
bool screen_init(void);

/* Show text. Not preempted, as console_write(); a panic may interrupt it. Goes back to the newest rows. */
void screen_write(const char *text, size_t n);

/* Show what was written before, half a screen further back; or later. Interrupts off. */
void screen_scroll_back(void);
void screen_scroll_on(void);

#endif
