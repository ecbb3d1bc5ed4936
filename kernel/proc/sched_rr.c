/* SPDX-License-Identifier: MIT */
/*
 * sched_rr - round robin with equal turns; a process that slept before its turn was over goes first.
 *
 * A process that is new, or whose turn is over, goes to the end of `ready`. One that wakes with a part of its
 * turn left, or after it slept for the length of a turn, waits in `woken` for the next round, which puts all
 * of `woken` at the beginning of `ready`, and ends with the process that is `last` then. The round after it
 * comes when `last` has run, or when those that were not in `woken` have run for the length of one turn.
 * So a process that mostly sleeps waits for one turn and for the sleepers that woke before it, however many
 * processes compute (D106; the other policies do not promise it). No one starves: a process that wakes during
 * a round waits for the next. Priorities have no meaning.
 */
#include "lib/list.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"

#define SLICE_TICKS 5 /* 50 ms */

static struct list_node ready = LIST_INIT(ready), woken = LIST_INIT(woken);
static struct list_node *last; /* of this round */
static bool round_over = true;
static uint32_t ticks_run = 1; /* ticks in which a process ran */
static int computed_ticks;     /* how long processes that compute have run since the last round began */

void policy_enqueue(struct proc *proc)
{
    bool slept = proc != current && proc->last_tick != 0 && ticks_run - proc->last_tick >= SLICE_TICKS;
    if (slept && !proc->killed && proc->slice_ticks <= 0)
        proc->slice_ticks = SLICE_TICKS;
    proc->computes = proc->slice_ticks <= 0;
    if (proc->computes) {
        proc->slice_ticks = SLICE_TICKS;
        RULE(proc->slice_ticks > 0, "pid %d \"%s\" waits for its turn, which is 0 ticks long: slice_ticks",
             proc->pid, proc->name);
        list_add_tail(&ready, &proc->run_link);
    } else {
        list_add_tail(&woken, &proc->run_link);
    }
}

static void start_round(void)
{
    list_splice_head(&ready, &woken);
    last = ready.prev;
    computed_ticks = 0;
}

struct proc *policy_pick(void)
{
    if (round_over)
        start_round();
    if (list_empty(&ready))
        return NULL;
    struct list_node *node = list_take_next(&ready);
    round_over = node == last;
    struct proc *proc = list_entry(node, struct proc, run_link);
    proc->last_tick = ticks_run;
    return proc;
}

bool policy_waiting(void)
{
    return !list_empty(&ready) || !list_empty(&woken);
}

bool policy_tick(struct proc *proc)
{
    if (++ticks_run == 0) /* after 497 days; 0 is the last tick of a new process */
        ticks_run = 1;
    proc->last_tick = ticks_run;
    computed_ticks += proc->computes && computed_ticks < SLICE_TICKS;
    round_over |= computed_ticks == SLICE_TICKS;
    if (proc->slice_ticks > 0) /* a process that runs alone stays at 0 for as long as it likes */
        proc->slice_ticks--;
    return proc->slice_ticks == 0;
}
