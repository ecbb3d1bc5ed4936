/* SPDX-License-Identifier: MIT */
/*
 * fork - create processes and kernel threads.
 */
#ifndef PROC_FORK_H
#define PROC_FORK_H

#include <stdint.h>

/* fork and clone: create a copy of the current process. The child returns 0 from its system call, on `stack`
 * unless that is 0. Returns the child's pid; -E_INVAL if a flag is unknown; -E_NO_MEM or -E_NO_FREE_PROC, and
 * then nothing has changed. */
int do_fork(uint32_t flags, uintptr_t stack);

/* Create a kernel thread that runs thread(arg), as a child of the current process. Returns its pid, -E_NO_MEM
 * or -E_NO_FREE_PROC. When thread() returns, the process ends, or enters user mode if it has executed a
 * program. */
int kernel_thread(const char *name, void (*thread)(void *arg), void *arg);

#endif
