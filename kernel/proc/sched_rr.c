/* SPDX-License-Identifier: MIT */
/*
 * sched_rr - round robin: one queue, equal turns.
 */
#include "lib/list.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"

#define SLICE_TICKS 5 /* 50 ms */

static struct list_node queue = LIST_INIT(queue);

void policy_enqueue(struct proc *proc)
{
    if (proc->slice_ticks <= 0)
        proc->slice_ticks = SLICE_TICKS;
    list_add_tail(&queue, &proc->run_link);
}

struct proc *policy_pick(void)
{
    struct list_node *first = list_first(&queue);
    if (first == NULL)
        return NULL;
    list_del(first);
    return list_entry(first, struct proc, run_link);
}

bool policy_waiting(void)
{
    return !list_empty(&queue);
}

bool policy_tick(struct proc *proc)
{
    return --proc->slice_ticks <= 0;
}
