/* SPDX-License-Identifier: MIT */
/*
 * exit - how a process ends: do_exit() leaves a zombie, do_wait() finds it, do_reap() buries it.
 */
#ifndef PROC_EXIT_H
#define PROC_EXIT_H

#include "proc/proc.h"

/* The current process ends; its memory goes at once, its children go to init. */
_Noreturn void do_exit(enum exit_reason reason, int code);

/* Wait until child `pid`, or any child if 0, is a zombie: 0 and the zombie, which stays one until
 * do_reap(). -E_BAD_PROC: no such child; -E_KILLED: the caller was killed meanwhile. */
int do_wait(int pid, struct proc **zombie);

/* Give up a zombie child of the current process. */
void do_reap(struct proc *zombie);

/* kill: 0; -E_INVAL no such process, or one that cannot be killed (idle, init, kernel threads);
 * -E_KILLED it is dying or dead already. Any process may kill any user process. */
int do_kill(int pid);

#endif
