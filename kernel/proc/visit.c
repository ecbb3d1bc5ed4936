/* SPDX-License-Identifier: MIT */
/*
 * visit - a look into the memory of another process, which may exit or exec meanwhile.
 */
#include "proc/visit.h"

#include "proc/mutex.h"
#include "proc/sched.h"

static void leave(struct mm *mm)
{
    mm->visitors--;
    mm_drop(mm);
}

int visit_begin(struct mm *mm)
{
    mm_hold(mm);
    mm->visitors++;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        leave(mm);
    return error;
}

void visit_end(struct mm *mm)
{
    mutex_unlock(&mm->lock);
    leave(mm);
}

void visit_await_last(const struct mm *mm)
{
    while (mm->visitors != 0 && mm_users(mm) == 1)
        sched_yield();
}
