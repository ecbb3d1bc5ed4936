/* SPDX-License-Identifier: MIT */
/*
 * sched_policy - which of the runnable processes is next. A policy: Meson picks one file,
 * sched_rr.c so far, and only sched.c calls it. Caller holds sched_lock.
 */
#ifndef PROC_SCHED_POLICY_H
#define PROC_SCHED_POLICY_H

#include <stdbool.h>

struct proc;

/* `proc` is runnable now. Idle never comes here. */
void policy_enqueue(struct proc *proc);

/* Take the next process out of the queue; NULL when it is empty. Any process in it will do, also the current
 * one, which yields. */
struct proc *policy_pick(void);

/* Whether a process waits. */
bool policy_waiting(void);

/* A tick of `proc`'s turn is over: whether the turn is. */
bool policy_tick(struct proc *proc);

#endif
