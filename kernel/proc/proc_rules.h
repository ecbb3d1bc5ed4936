/* SPDX-License-Identifier: MIT */
/*
 * proc_rules - what must be true of processes, in checking builds; each rule that is broken is reported in
 * one sentence. Empty without debug_checks.
 */
#ifndef PROC_PROC_RULES_H
#define PROC_PROC_RULES_H

#include "check/hooks.h"
#include "proc/proc.h"

#if CONFIG_DEBUG_CHECKS

/* Calls of rules_due() until the next that returns true. One that an interrupt undoes does no harm. */
extern RACE_IS_HARMLESS unsigned rules_wait;
bool rules_begin(void);

/* Whether all rules are to be checked for the next operation: for the first ones of a run, when a mistake
 * shows, and then now and then, so that they cost little. */
static inline bool rules_due(void)
{
    return __builtin_expect(--rules_wait == 0, 0) && rules_begin();
}

/* The rehearsal begins: check all of it. */
void rules_restart(void);

/* The current process is in the kernel: on its own stack, with its own memory. */
void rules_running(void);

/* `zombie` is what a wait for `pid` (0: any child) found. */
void rules_found(int pid, const struct proc *zombie);

/* The current process, which ends with `code`, is a zombie now. Caller holds sched_lock. */
void rules_ended(int code);

/* The machine idles; `ran`: a process ran since the last call. Looks at a few processes, each time at the
 * next ones: none may be ready to run, and not all may be waiting for the end of a child. */
void rules_idle(bool ran);

#else

static inline bool rules_due(void)
{
    return false;
}

static inline void rules_restart(void)
{
}

static inline void rules_running(void)
{
}

static inline void rules_found(int pid, const struct proc *zombie)
{
    (void)pid, (void)zombie;
}

static inline void rules_ended(int code)
{
    (void)code;
}

static inline void rules_idle(bool ran)
{
    (void)ran;
}

#endif

#endif
