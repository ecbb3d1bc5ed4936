/* SPDX-License-Identifier: MIT */
/*
 * mutex - a sleeping lock that knows its owner. Locked and unlocked by the same process; not in
 * interrupt handlers, not with a spinlock held.
 *
 * Unlocking hands the mutex to the process that has waited longest, so an owner that locks it again
 * at once waits behind the others: a waiter waits for one hold of each process that came before it,
 * and never longer. A process that holds a mutex for a length that a program chooses unlocks it now and then
 * (mutex_give_way()), or all others lock it by mutex_lock_killable(), which a kill ends.
 */
#ifndef PROC_MUTEX_H
#define PROC_MUTEX_H

#include "arch/i386/cpu.h"
#include "lib/mutex_type.h"
#include "proc/proc.h"

/* The slow paths: sleep until the mutex is handed to the current process, and return 0, or -E_KILLED if
 * `killable` and it was killed; hand the mutex to the first waiter. */
int mutex_lock_slow(struct mutex *mutex, bool killable);
void mutex_hand_over(struct mutex *mutex);

SITE_OF_CALLER void mutex_lock(struct mutex *mutex)
{
    locks_acquiring(&mutex->check, cpu_here());
    if (mutex->owner == NULL)
        mutex->owner = current;
    else
        mutex_lock_slow(mutex, false);
    locks_acquired(&mutex->check, cpu_here());
}

/* The same, but a kill ends the wait. Returns 0; -E_KILLED: the mutex is not locked. */
SITE_OF_CALLER int mutex_lock_killable(struct mutex *mutex)
{
    locks_acquiring(&mutex->check, cpu_here());
    if (mutex->owner == NULL) {
        mutex->owner = current;
    } else {
        int error = mutex_lock_slow(mutex, true);
        if (error != 0)
            return error;
    }
    locks_acquired(&mutex->check, cpu_here());
    return 0;
}

SITE_OF_CALLER void mutex_unlock(struct mutex *mutex)
{
    locks_releasing(&mutex->check);
    mutex->owner = NULL;
    if (!list_empty(&mutex->waiters))
        mutex_hand_over(mutex);
}

/* If processes wait for the mutex, let each of them have it once before the current process has it again.
 * Returns 0; -E_KILLED: it was killed meanwhile, and the mutex is not locked. */
SITE_OF_CALLER int mutex_give_way(struct mutex *mutex)
{
    if (list_empty(&mutex->waiters))
        return 0;
    mutex_unlock(mutex);
    return mutex_lock_killable(mutex);
}

#endif
