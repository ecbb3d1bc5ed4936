/* SPDX-License-Identifier: MIT */
/*
 * sys_io - the console as programs see it: descriptors 0, 1 and 2.
 */
#ifndef SYS_SYS_IO_H
#define SYS_SYS_IO_H

/* The serial port has received something: wake who waits for it. Interrupts off. */
void sys_io_input(void);

#endif
