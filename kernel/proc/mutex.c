/* SPDX-License-Identifier: MIT */
/*
 * mutex - waiters sleep in the mutex's own list, in the order they came.
 */
#include "proc/mutex.h"

#include "proc/sched.h"

static struct waitq *waiters(struct mutex *mutex)
{
    return container_of(&mutex->waiters, struct waitq, sleepers);
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    int error = 0;
    RULE(mutex->owner != current, "pid %d takes a mutex twice", current->pid);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    while (mutex->owner != current && error == 0)
        error = waitq_sleep(waiters(mutex), killable);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return mutex->owner == current ? 0 : error; /* it may have been handed over before the kill */
}

void mutex_hand_over(struct mutex *mutex)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    struct proc *next = list_entry(list_first(&mutex->waiters), struct proc, wait_link);
    mutex->owner = next;
    wakeup_proc(next);
    spin_unlock_irqrestore(&sched_lock, eflags);
}
