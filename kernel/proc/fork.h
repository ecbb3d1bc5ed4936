/* SPDX-License-Identifier: MIT */
/*
 * fork - processes are made here, and nowhere else.
 */
#ifndef PROC_FORK_H
#define PROC_FORK_H

#include <stdint.h>

/* fork and clone: a copy of the current process, which goes on behind its system call with result
 * 0, on `stack` unless that is 0. The child's pid; -E_NO_MEM, -E_NO_FREE_PROC: nothing has
 * changed; -E_INVAL: unknown flags. */
int do_fork(uint32_t flags, uintptr_t stack);

/* A kernel thread, child of the current process, that runs thread(arg). Its pid, or an error as
 * above. When thread() returns it ends, or enters user mode if it has executed a program. */
int kernel_thread(const char *name, void (*thread)(void *arg), void *arg);

#endif
