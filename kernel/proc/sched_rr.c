/* SPDX-License-Identifier: MIT */
/*
 * sched_rr - round robin with equal turns; a process that slept before its turn was over goes first.
 *
 * A process that is new, or whose turn is over, waits in `queue`. One that wakes with a part of its turn
 * left waits in `woken`. A round of all processes that are then in `woken` comes when processes of `queue`
 * have run for the length of one turn, and before any of them runs for the second time. So a process that
 * mostly sleeps waits for one turn and for the other sleepers that woke before it, however many processes
 * compute (D106; the other policies do not promise it). No one starves: a process that wakes during a round
 * waits for the next. Priorities have no meaning.
 */
#include "lib/list.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"

#define SLICE_TICKS 5 /* 50 ms */

static struct list_node queue = LIST_INIT(queue), woken = LIST_INIT(woken);
static unsigned queue_n, woken_n; /* how many processes are in each */
static unsigned round_n;          /* the first of `woken` that belong to the present round */
static unsigned between_n;        /* the first of `queue` that may run before the next round */
static int between_ticks;         /* how long processes of `queue` have run since the last round */
static bool from_queue;           /* the process that was picked last came from `queue` */

void policy_enqueue(struct proc *proc)
{
    if (proc->slice_ticks > 0) {
        list_add_tail(&woken, &proc->run_link);
        woken_n++;
    } else {
        proc->slice_ticks = SLICE_TICKS;
        list_add_tail(&queue, &proc->run_link);
        queue_n++;
    }
}

static struct proc *take_first(struct list_node *from)
{
    struct list_node *first = list_first(from);
    list_del(first);
    return list_entry(first, struct proc, run_link);
}

struct proc *policy_pick(void)
{
    if (between_ticks >= SLICE_TICKS || between_n == 0) {
        round_n = woken_n;
        between_n = queue_n;
        between_ticks = 0;
    }
    from_queue = round_n == 0;
    if (!from_queue) {
        round_n--;
        woken_n--;
        return take_first(&woken);
    }
    if (between_n == 0)
        return NULL;
    between_n--;
    queue_n--;
    return take_first(&queue);
}

bool policy_waiting(void)
{
    return woken_n + queue_n > 0;
}

bool policy_tick(struct proc *proc)
{
    between_ticks += from_queue && between_ticks < SLICE_TICKS;
    if (proc->slice_ticks > 0) /* a process that runs alone stays at 0 for as long as it likes */
        proc->slice_ticks--;
    return proc->slice_ticks == 0;
}
