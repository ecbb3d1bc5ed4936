/* SPDX-License-Identifier: MIT */
/*
 * kill - mark a process as killed; it then ends itself on its way to user mode.
 */
#ifndef PROC_KILL_H
#define PROC_KILL_H

/* Kill process `pid`; any process may kill any user process. Returns 0; -E_INVAL if there is no such process
 * or it cannot be killed (idle, init, kernel threads); -E_KILLED if it was killed before or is a zombie. */
int do_kill(int pid);

struct proc;

/* End `proc`, a user process that was not killed before, because memory is full. */
void kill_for_memory(struct proc *proc);

#endif
