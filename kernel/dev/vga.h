/* SPDX-License-Identifier: MIT */
/*
 * vga - the text memory of a VGA, and the registers that say which part of it is shown.
 *
 * A cell is a character of code page 437 and, in the high byte, its attribute: the background in bits 4 to 6,
 * the foreground in bits 0 to 3. The memory holds VGA_ROWS rows, of which VGA_SHOWN are on the screen. Cells
 * are counted from the first one in memory.
 */
#ifndef DEV_VGA_H
#define DEV_VGA_H

#include <stdbool.h>
#include <stdint.h>

#define VGA_COLUMNS 80u
#define VGA_SHOWN 25u
#define VGA_ROWS 204u /* 32 KiB */

/* Whether the machine has a VGA in the text mode of 80 x 25 cells, in colour. If so, sets an underline as the
 * cursor. */
bool vga_init(void);

/* Write one cell; write `n` equal cells; copy `n` cells to lower places, all three of them even numbers. */
void vga_write(unsigned at, uint16_t cell);
void vga_fill(unsigned at, uint16_t cell, unsigned n);
void vga_copy_down(unsigned to, unsigned from, unsigned n);

/* Show the rows that begin with cell `first`. Callable from any context, as the next one. */
void vga_show(unsigned first);

/* Show the cursor in cell `at`. */
void vga_set_cursor(unsigned at);

#endif
