/*
 * ide - the second disk of the first IDE channel, as an array of pages.
 *
 * Polled: a transfer begins and ends within one call, which neither sleeps nor needs interrupts.
 * Nothing a drive does, or leaves undone, makes a call last for ever.
 */
#ifndef DEV_IDE_H
#define DEV_IDE_H

#include <stdbool.h>
#include <stdint.h>

/* Find the disk and set it up: how many whole pages it has, 0 when there is none to use. A disk that is there
 * but cannot be used is said, in one line; that there is no disk at all is the caller's to say. */
uint32_t ide_init(void);

/* Read page `page`, which is below ide_init()'s result, to the frame at `to`, in linear memory. False: the
 * drive failed, what is at `to` now is worthless, and another call may succeed. Not from interrupt handlers.
 */
bool ide_read_page(uint32_t page, void *to);

/* Write the frame at `from` as page `page`. False: the drive failed, and the page's content on the disk is
 * unknown. As above. */
bool ide_write_page(uint32_t page, const void *from);

#endif
