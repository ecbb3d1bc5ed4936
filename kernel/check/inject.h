/* SPDX-License-Identifier: MIT */
/*
 * inject - makes an operation fail on request; only with -Dinject=true.
 *
 * Code that allocates a frame, a heap object, a pid or a slot of the swap disk, copies to or from a program,
 * or transfers a page calls inject_fails() first; if it returns true, the operation fails as if nothing
 * were available. For each kind there is at most one plan: fail the nth operation from now on, or that and
 * all later ones, of one process or of any. Plans come from the command line and from the system call.
 * Interrupt handlers must not call these.
 */
#ifndef CHECK_INJECT_H
#define CHECK_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "config.h"

/* Make the plan that `text`, KIND:N[+][@PID], describes; it counts from inject_start() on. Returns NULL, or
 * what is wrong with the text, as the end of a sentence. */
const char *inject_want(const char *text);

/* Boot is over: plans of the command line begin to count. */
void inject_start(void);

/* Make a plan for process `pid`, as sys_inject() specifies; `nth` 0 removes the plan. */
int inject_make_plan(int pid, uint32_t kind, uint32_t nth, uint32_t flags);

/* Process `pid` ends: remove its plans. */
void inject_forget(int pid);

/* Count an operation. Returns whether it must fail. For inject_fails(). */
bool inject_now(unsigned kind, uintptr_t caller);

/* The process whose operations are counted from now on; set by check_switch_begin(). */
extern int inject_running_pid;

/* Whether this operation of `kind` (INJECT_FRAME ...) must fail; `caller` is the return address of the
 * function that asks for it. */
static inline bool inject_fails(unsigned kind, uintptr_t caller)
{
    return CONFIG_INJECT && inject_now(kind, caller);
}

/* The system call. Returns how many operations of that kind the process has done since its last plan for
 * the kind, 0 if it had none; -E_INVAL: no such kind or flags; -E_NO_DEV: built without inject. */
static inline int inject_plan(int pid, uint32_t kind, uint32_t nth, uint32_t flags)
{
    return CONFIG_INJECT ? inject_make_plan(pid, kind, nth, flags) : -E_NO_DEV;
}

#endif
