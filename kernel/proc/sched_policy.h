/* SPDX-License-Identifier: MIT */
/*
 * sched_policy - which of the runnable processes runs next, and for how long. A policy: Meson picks one file,
 * sched_rr.c, sched_lottery.c or sched_stride.c, and only sched.c calls it. Caller holds sched_lock.
 *
 * The policy owns the fields of struct proc that are marked (p). It keeps the processes that are runnable and
 * not running; idle is never among them. The other fields it may use are `priority`, which does not change
 * while the policy has the process, `killed`, and pid; and it may compare a process with `current`.
 * docs/scheduling.md tells how to add a policy.
 */
#ifndef PROC_SCHED_POLICY_H
#define PROC_SCHED_POLICY_H

#include <stdbool.h>

struct proc;

/* `proc` has become runnable: it is new, it was woken, or it ran and gives the CPU away. All fields that are
 * marked (p) are 0 when it comes for the first time. */
void policy_enqueue(struct proc *proc);

/* Remove one process and return it: it runs from now on. NULL if there is none. Any of them may be returned,
 * the current process too, which is among them when it yields. */
struct proc *policy_pick(void);

/* Whether policy_pick() would return a process. */
bool policy_waiting(void);

/* A tick passed while `proc` ran. Returns whether its turn is over: then, if others are waiting, `proc` is
 * enqueued and policy_pick() is called at the next return to user mode. Called again at each tick if there is
 * no other process. */
bool policy_tick(struct proc *proc);

#endif
