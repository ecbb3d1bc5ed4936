/* SPDX-License-Identifier: MIT */
/*
 * proc_fpu - whose state is in the FPU.
 *
 * A process that never uses the FPU has no state and costs nothing. The first use makes one; the
 * registers then stay where they are until another process uses the FPU.
 */
#ifndef PROC_FPU_H
#define PROC_FPU_H

struct proc;

void proc_fpu_init(void);

/* The current process wants the FPU and trapped: let it. -E_NO_MEM: it cannot. */
int proc_fpu_use(void);

/* The CPU goes on with `next`: the FPU is open to it only when its state is there. */
void proc_fpu_switch(struct proc *next);

/* Give `child` a copy of the current process's state, if it has one. -E_NO_MEM. */
int proc_fpu_copy(struct proc *child);

/* Forget the state of `proc`: at exec, at exit, and when a fork is undone. */
void proc_fpu_drop(struct proc *proc);

#endif
