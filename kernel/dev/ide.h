/* SPDX-License-Identifier: MIT */
/*
 * ide - the second disk of the first IDE channel, as an array of pages.
 *
 * Polled: a transfer begins and ends within one call, which neither sleeps nor needs interrupts.
 * Every wait for the drive has a limit, so every call returns.
 */
#ifndef DEV_IDE_H
#define DEV_IDE_H

#include <stdbool.h>
#include <stdint.h>

/* Find the disk and set it up. Returns its number of whole pages; 0 if there is no usable disk. Prints one
 * line if a disk is present but unusable, and nothing if there is none. */
uint32_t ide_init(void);

/* Read page `page`, below ide_init()'s result, to the frame at `to` in linear memory. False: the drive failed
 * and the frame's content is undefined; another call may succeed. Not from interrupt handlers. */
bool ide_read_page(uint32_t page, void *to);

/* Write the frame at `from` as page `page`. False: the drive failed, and the page's content on the disk is
 * undefined. Not from interrupt handlers. */
bool ide_write_page(uint32_t page, const void *from);

#endif
