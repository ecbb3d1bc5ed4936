/* SPDX-License-Identifier: MIT */
/*
 * kill - mark a process as killed; it then ends itself on its way to user mode.
 */
#ifndef PROC_KILL_H
#define PROC_KILL_H

#include <stdint.h>

/* Kill process `pid`; any process may kill any user process. Returns 0; -E_INVAL if there is no such process
 * or it cannot be killed (idle, init, kernel threads); -E_KILLED if it was killed before or is a zombie. */
int do_kill(int pid);

/* The same, by a signal of Linux, which the parent is told. */
int do_kill_by(int pid, uint8_t signal);

struct proc;

/* End `proc`, a user process that was not killed before, because memory is full. */
void kill_for_memory(struct proc *proc);

#endif
