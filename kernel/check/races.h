/* SPDX-License-Identifier: MIT */
/*
 * races - data races between processes in the kernel and interrupt handlers; only with `races`.
 *
 * On one CPU kernel code is interrupted, never preempted. So a race is: a process accesses memory with
 * interrupts on, a handler accesses the same memory, one of them writes, and nothing says in which
 * order. Taking a lock that keeps interrupts out says it: what a process did before is over then.
 * The compiler calls races.c at every access; an access to a volatile object is meant to race,
 * and is not looked at on the process's side.
 */
#ifndef CHECK_RACES_H
#define CHECK_RACES_H

#include <stdint.h>

#include "config.h"

extern uint32_t races_section;

/* A process has switched interrupts off and takes a lock. */
static inline void races_ordered(void)
{
    if (CONFIG_RACES)
        races_section++;
}

#endif
