/* SPDX-License-Identifier: MIT */
/*
 * sched - who runs, who sleeps, who wakes whom.
 *
 * sched_lock protects the states of all processes, the run queue, the wait queues and the timers;
 * interrupt handlers take it too. Kernel code is not preempted: the CPU changes hands only in
 * schedule(), called by a process that yields, sleeps or ends, or on its way back to user mode.
 *
 * Sleeping without losing a wake-up: the sleeper holds the lock that protects its condition
 * until sched_lock is taken; the waker changes the condition under that lock before it wakes.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "arch/i386/spinlock.h"
#include "proc/proc.h"

extern struct spinlock sched_lock;

static inline void waitq_init(struct waitq *queue)
{
    list_init(&queue->sleepers);
}

/* Let others run; the caller stays runnable. No lock held. */
void sched_yield(void);

/* To be called now and then by a long system call: lets others run when the caller's turn is over.
 * -E_KILLED: the caller was killed and should come to its end. No spinlock held. */
int sched_point(void);

/* What a process does on its way to user mode, interrupts off: let others run when its turn is
 * over, and die when it was killed. The order matters: killed is looked at last. */
void sched_interrupt_return(void);

static inline void sched_return_to_user(void)
{
    if (this_cpu()->need_resched || current->killed)
        sched_interrupt_return();
}

/* Sleep in `queue` until woken. Caller holds sched_lock, has just found its condition false, and
 * holds sched_lock again afterwards. -E_KILLED: killed, before or meanwhile (only if
 * `killable`). The condition must be looked at again in any case. */
int waitq_sleep(struct waitq *queue, bool killable);

/* Wake who has slept longest in `queue`, if anybody sleeps there: one, however many wait, since
 * interrupts are off meanwhile. Caller holds sched_lock. */
void waitq_wake(struct waitq *queue);

/* Make a sleeper runnable. Caller holds sched_lock. */
void wakeup_proc(struct proc *proc);

/* Make a new process runnable: others see it from here on. Caller holds sched_lock. */
void sched_start(struct proc *proc);

/* The current process has become a zombie: leave it for good. Caller holds sched_lock. */
_Noreturn void sched_leave(void);

/* Run the first time: finish the switch that led here. */
void sched_first_run(void);

/* The timer interrupt. */
void sched_tick(void);

/* Run whoever is runnable, else halt, for ever: the rest of the boot process's life. */
_Noreturn void sched_idle(void);

#endif
