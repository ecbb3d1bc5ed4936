/* SPDX-License-Identifier: MIT */
/*
 * sys_io - the console as programs see it: descriptors 0, 1 and 2.
 */
#ifndef SYS_SYS_IO_H
#define SYS_SYS_IO_H

/* Wake one reader after the serial port has received input. Called with interrupts off. */
void sys_io_input(void);

#endif
