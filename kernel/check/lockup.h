/* SPDX-License-Identifier: MIT */
/*
 * lockup - finds kernel code that keeps the CPU for good.
 *
 * With interrupts on, the timer sees it: it interrupts the same stretch between two points (check/peak.h)
 * again and again. With them off, the watchdog's NMI sees it: the timer has not interrupted for long. A host
 * that does not run the machine for a while is not taken for that: when it goes on, the timer interrupts
 * before the next NMI.
 */
#ifndef CHECK_LOCKUP_H
#define CHECK_LOCKUP_H

#include <stdbool.h>

#include "arch/i386/trapframe.h"

/* So many ticks in one stretch are a bug; the longest that any test shows is below 10. */
#define LOCKUP_TICKS 300

/* The length of a tick is known: find the watchdog. */
void lockup_init(void);

/* The timer has interrupted the code of `tf`. Interrupts off. */
void lockup_tick(const struct trapframe *tf);

/* An NMI has interrupted the code of `tf`. Returns false if it is not the watchdog's. */
bool lockup_nmi(const struct trapframe *tf);

#endif
