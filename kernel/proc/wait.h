/* SPDX-License-Identifier: MIT */
/*
 * wait - a parent waits for a child that ended, and reaps it.
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

struct proc;

/* Wait until child `pid`, or any child if `pid` is 0, is a zombie. Returns 0 and the zombie, which stays one
 * until do_reap(); -E_BAD_PROC if there is no such child; -E_KILLED if the caller was killed meanwhile. */
int do_wait(int pid, struct proc **zombie);

/* The same without waiting: *zombie is NULL if no such child has ended. */
int do_wait_now(int pid, struct proc **zombie);

/* Free `zombie`, a zombie child of the current process, and its pid. */
void do_reap(struct proc *zombie);

#endif
