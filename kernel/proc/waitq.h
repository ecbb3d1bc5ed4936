/* SPDX-License-Identifier: MIT */
/*
 * waitq - a queue of processes that sleep until something happens. sched_lock protects it; sched.c has the
 * code.
 */
#ifndef PROC_WAITQ_H
#define PROC_WAITQ_H

#include <stdbool.h>

#include "lib/list.h"

struct waitq {
    struct list_node sleepers;
};

static inline void waitq_init(struct waitq *queue)
{
    list_init(&queue->sleepers);
}

/* Sleep in `queue` until woken. Caller holds sched_lock, also on return, and has just found its condition
 * false; it must check the condition again afterwards. Returns 0; -E_KILLED if `killable` and the process was
 * killed, before or during the sleep. */
int waitq_sleep(struct waitq *queue, bool killable);

/* Wake the process that has slept longest in `queue`, if any; only one, to bound the time with interrupts
 * off. Caller holds sched_lock. */
void waitq_wake(struct waitq *queue);

#endif
