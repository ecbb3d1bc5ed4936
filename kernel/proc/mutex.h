/* SPDX-License-Identifier: MIT */
/*
 * mutex - a sleeping lock that knows its owner. Locked and unlocked by the same process; not in
 * interrupt handlers, not with a spinlock held.
 *
 * Unlocking hands the mutex to the process that has waited longest, so an owner that locks it again
 * at once waits behind the others: a waiter waits for one hold of each process that came before it,
 * and never longer. That is why waiting cannot be interrupted by a kill. A process that holds a mutex for a
 * length that a program chooses unlocks it now and then (mutex_give_way()).
 */
#ifndef PROC_MUTEX_H
#define PROC_MUTEX_H

#include "arch/i386/cpu.h"
#include "lib/mutex_type.h"
#include "proc/proc.h"

/* The slow paths: sleep until the mutex is handed to the current process; hand it to the first waiter. */
void mutex_lock_slow(struct mutex *mutex);
void mutex_hand_over(struct mutex *mutex);

SITE_OF_CALLER void mutex_lock(struct mutex *mutex)
{
    locks_acquiring(&mutex->check, cpu_here());
    if (mutex->owner == NULL)
        mutex->owner = current;
    else
        mutex_lock_slow(mutex);
    locks_acquired(&mutex->check, cpu_here());
}

SITE_OF_CALLER void mutex_unlock(struct mutex *mutex)
{
    locks_releasing(&mutex->check);
    mutex->owner = NULL;
    if (!list_empty(&mutex->waiters))
        mutex_hand_over(mutex);
}

/* If processes wait for the mutex, let each of them have it once before the current process has it again. */
SITE_OF_CALLER void mutex_give_way(struct mutex *mutex)
{
    if (!list_empty(&mutex->waiters)) {
        mutex_unlock(mutex);
        mutex_lock(mutex);
    }
}

#endif
