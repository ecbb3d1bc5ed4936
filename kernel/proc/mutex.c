/* SPDX-License-Identifier: MIT */
/*
 * mutex - waiters sleep in the mutex's own list. A release wakes one of them, who tries again: when
 * somebody was quicker, that one's release wakes the next.
 */
#include "proc/mutex.h"

#include "proc/sched.h"

static struct waitq *waiters(struct mutex *mutex)
{
    return container_of(&mutex->waiters, struct waitq, sleepers);
}

void mutex_lock_slow(struct mutex *mutex)
{
    RULE(mutex->owner != current, "pid %d takes a mutex twice", current->pid);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    while (mutex->owner != NULL)
        waitq_sleep(waiters(mutex), false);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

void mutex_wake(struct mutex *mutex)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_wake(waiters(mutex));
    spin_unlock_irqrestore(&sched_lock, eflags);
}
