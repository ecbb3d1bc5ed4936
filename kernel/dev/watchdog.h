/* SPDX-License-Identifier: MIT */
/*
 * watchdog - the card iBASE IB700, which interrupts a CPU that keeps its interrupts off.
 *
 * Each watchdog_restart() gives the kernel WATCHDOG_SECONDS more. After that QEMU, started with
 * `-device ib700 -action watchdog=inject-nmi`, raises an NMI once. On other machines there is no NMI.
 */
#ifndef DEV_WATCHDOG_H
#define DEV_WATCHDOG_H

#define WATCHDOG_SECONDS 2

/* Find out whether the machine may have the card: only QEMU's does, and its port is not written elsewhere. */
void watchdog_init(void);

/* Start the card, or give the kernel more time. */
void watchdog_restart(void);

void watchdog_stop(void);

#endif
