/*
 * mutex - a sleeping lock that knows its owner. Taken and released by the same process; not in
 * interrupt handlers, not with a spinlock held. A waiter cannot be killed out of it.
 */
#ifndef PROC_MUTEX_H
#define PROC_MUTEX_H

#include "debug/assert.h"
#include "lib/mutex.h"
#include "proc/proc.h"

/* Wait for, and hand over: the ways that need the scheduler. */
void mutex_lock_slow(struct mutex *mutex);
void mutex_wake(struct mutex *mutex);

static inline void mutex_lock(struct mutex *mutex)
{
    if (mutex->owner != NULL)
        mutex_lock_slow(mutex);
    mutex->owner = current;
}

static inline void mutex_unlock(struct mutex *mutex)
{
    ASSERT(mutex->owner == current);
    mutex->owner = NULL;
    if (!list_empty(&mutex->waiters))
        mutex_wake(mutex);
}

#endif
