/* SPDX-License-Identifier: MIT */
/*
 * proc_fpu - lazy switching of the FPU state.
 *
 * A process has no FPU state until its first FPU instruction, which traps and allocates one. The
 * registers are saved only when another process uses the FPU.
 */
#ifndef PROC_FPU_H
#define PROC_FPU_H

struct proc;

void proc_fpu_init(void);

/* Give the FPU to the current process, which trapped on an FPU instruction. Returns 0; -E_NO_MEM if its
 * state cannot be allocated. */
int proc_fpu_use(void);

/* Called on a switch to `next`: disable the FPU unless it holds the state of `next`. */
void proc_fpu_switch(struct proc *next);

/* Copy the FPU state of the current process, if any, to `child`. Returns 0; -E_NO_MEM. */
int proc_fpu_copy(struct proc *child);

/* Free the FPU state of `proc`: at exec, at exit, and when a fork is undone. */
void proc_fpu_drop(struct proc *proc);

#endif
