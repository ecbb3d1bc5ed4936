/* SPDX-License-Identifier: MIT */
/*
 * sched - running, sleeping and waking processes.
 *
 * sched_lock protects the states of all processes, the run queue, the wait queues and the timers;
 * interrupt handlers acquire it too. Kernel code is not preempted: a switch happens only in
 * schedule(), when a process yields, sleeps, exits, or returns to user mode.
 *
 * No wake-up is lost: a sleeper holds the lock that protects its condition until it has acquired
 * sched_lock, and a waker changes the condition under that lock before it wakes the sleeper.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "arch/i386/spinlock.h"
#include "proc/percpu.h"
#include "proc/proc.h"
#include "proc/waitq.h"

extern struct spinlock sched_lock;

/* Let other processes run; the caller stays runnable. Caller holds no lock. */
void sched_yield(void);

/* Set the priority of the current process, 1 to PRIORITY_MAX. Caller holds no lock. */
void sched_set_priority(uint32_t priority);

/* Long system calls call this regularly: it lets others run if the caller's time slice is over. Returns 0;
 * -E_KILLED if the caller was killed and should return. Caller holds no spinlock. */
int sched_point(void);

/* Call work() soon, in the context of a process or of idle: before the next return to user mode, at a
 * sched_point() or when the machine would idle. Callable from any context; interrupt handlers use it for what
 * takes long or prints. sched_on_attention() sets the function, which is called without locks and must not
 * sleep. */
void sched_on_attention(void (*work)(void));
void sched_call_attention(void);

/* Called before a return to user mode, interrupts off: let others run if the time slice is over, and exit if
 * the process was killed. `killed` must be checked last, since others can set it while they run. */
void sched_interrupt_return(void);

static inline void sched_return_to_user(void)
{
    if (this_cpu()->need_resched || current->killed)
        sched_interrupt_return();
}

/* Make `proc` runnable if it is sleeping. Caller holds sched_lock. */
void wakeup_proc(struct proc *proc);

/* Make a new process runnable. Caller holds sched_lock. */
void sched_start(struct proc *proc);

/* Switch away from the current process, a zombie, forever. Caller holds sched_lock. */
_Noreturn void sched_leave(void);

/* Called by a new process when it first runs: finish the switch to it, and release sched_lock. */
void sched_first_run(void);

/* Called by the timer interrupt: account the tick to the current process. Interrupts off. */
void sched_tick(void);

/* Called by the idle process again and again: run runnable processes; if there are none, halt until an
 * interrupt. */
void sched_idle(void);

#endif
