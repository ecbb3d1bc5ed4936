/* SPDX-License-Identifier: MIT */
/*
 * sched_stride - the process that has run least for its priority is next (Waldspurger and Weihl, "Stride
 * Scheduling", MIT/LCS/TM-528, 1995).
 *
 * Each process has a pass, which grows by its stride, STRIDE_ONE / priority, with each tick that it runs. The
 * smallest pass is next; among equal ones it is the one that waits longest. Processes wait in a tree that is
 * sorted by pass, so all operations are O(log n). A turn costs one tick at least, so no process gains by
 * sleeping just before a tick. One that is new or has slept starts no lower than the last pass that was
 * picked: it may not catch up on the time in which it did not want to run. One that is new starts no lower
 * than its parent either, which has paid for its turn: else a chain of forks would never pay, and keep the
 * CPU.
 *
 * A pass has 64 bits: at priority 1 it wraps after 2^44 ticks, more than 5,000 years.
 */
#include "lib/util.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"

#define TURN_TICKS 5 /* 50 ms */
#define STRIDE_ONE (1u << 20)

static struct rb_root queue;
static uint64_t last_pass; /* of the process that was picked last */

static struct proc *of_node(struct rb_node *node)
{
    return rb_entry(node, struct proc, run_node);
}

void policy_enqueue(struct proc *proc)
{
    if (proc->pass == 0)
        proc->pass = current->pass; /* it is new, and the current process is its parent */
    /* LAB 6 begin: policy_enqueue */
    struct rb_node **link = &queue.node, *parent = NULL;
    proc->pass = MAX(proc->pass, last_pass);
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[of_node(parent)->pass <= proc->pass ? RB_RIGHT : RB_LEFT];
    }
    rb_insert(&queue, parent, link, &proc->run_node);
    /* LAB 6 end */
}

static void pay_one_tick(struct proc *proc)
{
    /* LAB 6 begin: pay_one_tick */
    proc->pass += STRIDE_ONE / proc->priority;
    /* LAB 6 end */
}

struct proc *policy_pick(void)
{
    struct rb_node *first = rb_first(&queue);
    if (first == NULL)
        return NULL;
    struct proc *proc = of_node(first);
    rb_erase(&queue, first);
    last_pass = proc->pass;
    proc->slice_ticks = TURN_TICKS;
    struct rb_node *second = rb_first(&queue);
    RULE(exercises_missing() || second == NULL || of_node(second)->pass >= proc->pass,
         "pid %d \"%s\" is next, but the pass of pid %d is smaller: policy_enqueue()", proc->pid, proc->name,
         of_node(second)->pid);
    pay_one_tick(proc); /* the first one in advance */
    RULE(exercises_missing() || proc->pass == last_pass + STRIDE_ONE / proc->priority,
         "pid %d \"%s\", of priority %u, pays %u for a tick: pay_one_tick()", proc->pid, proc->name,
         (unsigned)proc->priority, (unsigned)(proc->pass - last_pass));
    return proc;
}

bool policy_waiting(void)
{
    return queue.node != NULL;
}

/* A process that runs alone after its turn pays nothing: no other waits. */
bool policy_tick(struct proc *proc)
{
    if (proc->slice_ticks > 0 && --proc->slice_ticks > 0)
        pay_one_tick(proc);
    return proc->slice_ticks == 0;
}
