/* SPDX-License-Identifier: MIT */
/*
 * mutex - a sleeping lock that knows its owner. Taken and released by the same process; not in
 * interrupt handlers, not with a spinlock held. A waiter cannot be killed out of it.
 */
#ifndef PROC_MUTEX_H
#define PROC_MUTEX_H

#include "arch/i386/cpu.h"
#include "lib/mutex_type.h"
#include "proc/proc.h"

/* Wait for, and hand over: the ways that need the scheduler. */
void mutex_lock_slow(struct mutex *mutex);
void mutex_wake(struct mutex *mutex);

SITE_OF_CALLER void mutex_lock(struct mutex *mutex)
{
    locks_acquiring(&mutex->check, cpu_here());
    if (mutex->owner != NULL)
        mutex_lock_slow(mutex);
    mutex->owner = current;
    locks_acquired(&mutex->check, cpu_here());
}

SITE_OF_CALLER void mutex_unlock(struct mutex *mutex)
{
    locks_releasing(&mutex->check);
    mutex->owner = NULL;
    if (!list_empty(&mutex->waiters))
        mutex_wake(mutex);
}

#endif
