/* SPDX-License-Identifier: MIT */
/*
 * inject - the one gate through which everything passes that can fail, so that each can be told to.
 *
 * Whoever hands out a frame, a heap object, a pid or a slot of the swap disk, copies to or from a program,
 * or transfers a page asks inject_fails() first, and fails when it says so as if it had nothing to give.
 * For each kind there is at most one plan: fail the nth that passes from now on, or that and all behind
 * it, in one process or in any. A plan comes from the kernel's command line or from the system call.
 *
 * Only with -Dinject=true; otherwise the gates are no code at all. Not to be asked by interrupt handlers.
 */
#ifndef CHECK_INJECT_H
#define CHECK_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "config.h"

/* Make the plan that `text`, KIND:N[+][@PID], describes; it sleeps until inject_start(). Returns NULL, or
 * what is wrong with the text, to be put behind it. */
const char *inject_want(const char *text);

/* Boot is over: plans made so far begin to count. */
void inject_start(void);

/* Make a plan for process `pid`, as the system call has it: 0 disarms. Returns how many of that kind the
 * process has passed since its last plan of that kind was made, 0 when it had none; -E_INVAL: no such kind or
 * flags. */
int inject_plan(int pid, uint32_t kind, uint32_t nth, uint32_t flags);

/* A process ends: its plans do too. */
void inject_forget(int pid);

/* Count one that passes, and say whether it is to fail. For inject_fails(). */
bool inject_now(unsigned kind, uintptr_t site);

/* (the scheduler's) whose passings are counted from now on. */
extern int inject_running_pid;

/* Whether this one of `kind` (INJECT_FRAME ...) shall fail; `site` is the return address of whoever wants it.
 */
static inline bool inject_fails(unsigned kind, uintptr_t site)
{
    return CONFIG_INJECT && inject_now(kind, site);
}

#endif
