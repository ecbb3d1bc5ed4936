/* SPDX-License-Identifier: MIT */
/*
 * races - data races between processes in the kernel and interrupt handlers; only with `races`.
 *
 * On one CPU kernel code is interrupted but never preempted. So a race is: a process accesses memory with
 * interrupts on, a handler accesses the same memory, at least one of them writes, and nothing orders the
 * two. Taking a lock that disables interrupts orders them: everything the process did before is over.
 * The compiler inserts a call into races.c at every access. Accesses to volatile objects may race on
 * purpose, and are ignored in processes.
 */
#ifndef CHECK_RACES_H
#define CHECK_RACES_H

#include <stdint.h>

#include "config.h"

/* Of a word whose races do no harm. It is volatile with `races` only, because that would cost more. */
#if CONFIG_RACES
#define RACE_IS_HARMLESS volatile
#else
#define RACE_IS_HARMLESS
#endif

extern uint32_t races_section;

/* Forget all accesses: the numbers of sections begin again. */
void races_forget(void);

/* A process has disabled interrupts and takes a lock. */
static inline void races_ordered(void)
{
    if (CONFIG_RACES && ++races_section == 0)
        races_forget();
}

#endif
