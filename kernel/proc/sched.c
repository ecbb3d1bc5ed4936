/* SPDX-License-Identifier: MIT */
/*
 * sched - the scheduling mechanism: switch, sleep, wake. The policy (sched_policy.h) picks the next process.
 */
#include "proc/sched.h"

#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "arch/i386/switch.h"
#include "check/hooks.h"
#include "mm/mm.h"
#include "proc/exit.h"
#include "proc/linux.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"
#include "proc/proc_trace.h"
#include "proc/sched_policy.h"
#include "proc/sleep.h"

static void (*attend)(void);

/* Give `next` its FPU and TLS registers, if it has some, or take away those of another. Rare: not inline. */
__attribute__((noinline)) static void switch_special(struct proc *next)
{
    proc_fpu_switch(next);
    linux_switch(next);
}

/* The changes of state at a switch, and their trace. */
static inline void change_states(struct proc *prev, enum proc_state state, struct proc *next)
{
    proc_change_state(prev, state);
    proc_change_state(next, PROC_RUNNING);
    if (TRACE_IS_ON())
        proc_trace_switch(prev, state, next);
}

static inline void switch_to(struct proc *prev, struct proc *next)
{
    struct check_switch checked = check_switch_begin(next->pid);
    this_cpu()->need_resched = false;
    next->runs++;
    if (next == prev) /* a policy may let the process that yields run on */
        return;
    current = next;
    trace_set_pid(next->pid);
    if (prev->mm != next->mm)
        mmu_load(__builtin_expect(next->mm != NULL, 1) ? next->mm->pgdir : &kernel_pgdir);
    gdt_set_kernel_stack(next->kstack + KSTACK_BYTES);
    if (((uintptr_t)next->linux_state | this_cpu()->special) != 0)
        switch_special(next);
    cpu_switch(&prev->sp, next->sp);
    check_switch_end(&sched_lock.class, &checked);
}

/* The next process, which may be idle. */
static inline struct proc *pick(void)
{
    struct proc *next = policy_pick();
    return next != NULL ? next : this_cpu()->idle;
}

/* Switch to `next`; `prev`, the current process, which is in a queue if it needs one, gets `state`.
 * Caller holds sched_lock, also on return. Inline: a switch is the kernel's shortest operation, and saving
 * registers once more is a tenth of it. */
__attribute__((always_inline)) static inline void schedule(struct proc *prev, enum proc_state state,
                                                           struct proc *next)
{
    change_states(prev, state, next);
    switch_to(prev, next);
}

static void make_runnable(struct proc *proc)
{
    proc_set_state(proc, PROC_RUNNABLE);
    policy_enqueue(proc);
}

/* Check a process that was made ready to run. */
static inline void check_ready(const struct proc *proc)
{
    if (!rules_due())
        return;
    RULE(policy_waiting(), "pid %d \"%s\" is ready to run, but is not in the run queue: policy_enqueue()",
         proc->pid, proc->name);
    RULE(proc->wait_link.next == NULL || list_empty(&proc->wait_link),
         "pid %d \"%s\" is woken, but stays in the queue in which it slept: list_del()", proc->pid,
         proc->name);
}

/* Let another process run, if one is waiting. The caller is not idle, and holds sched_lock. Inline as
 * schedule(). */
__attribute__((always_inline)) static inline void yield_locked(void)
{
    struct proc *prev = current;
    if (policy_waiting()) {
        policy_enqueue(prev);
        struct proc *next = policy_pick(); /* not NULL: one was waiting, and now `prev` is, too */
        schedule(prev, PROC_RUNNABLE, next);
    } else {
        this_cpu()->need_resched = false;
    }
}

void sched_yield(void)
{
    spin_lock_irq(&sched_lock);
    current->slice_ticks = 0; /* give up the rest of the time slice */
    yield_locked();
    spin_unlock_irq(&sched_lock);
}

void sched_set_priority(uint32_t priority)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    current->priority = priority;
    spin_unlock_irqrestore(&sched_lock, eflags);
}

void sched_on_attention(void (*work)(void))
{
    attend = work;
}

void sched_call_attention(void)
{
    this_cpu()->attention = true;
    this_cpu()->need_resched = true;
}

/* Do the work that sched_call_attention() asked for. Interrupts on. */
static void pay_attention(void)
{
    if (this_cpu()->attention) {
        this_cpu()->attention = false;
        attend();
    }
}

int sched_point(void)
{
    check_point((uintptr_t)__builtin_return_address(0));
    if (this_cpu()->need_resched) {
        pay_attention();
        sched_yield();
    }
    return current->killed ? -E_KILLED : 0;
}

void sched_interrupt_return(void)
{
    check_user_return();
    check_kernel_entered(); /* a system call's time has been measured */
    while (this_cpu()->need_resched || this_cpu()->attention) {
        if (this_cpu()->attention) {
            cpu_sti();
            pay_attention();
            cpu_cli();
        }
        spin_take(&sched_lock);
        yield_locked();
        spin_release(&sched_lock);
    }
    if (current->killed)
        do_exit(EXIT_KILL, -E_KILLED);
}

static void check_asleep(void)
{
    RULE(!list_empty(&current->wait_link), "pid %d \"%s\" sleeps, but is in no queue: no one can wake it",
         current->pid, current->name);
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    ASSERT(current != this_cpu()->idle);
    ASSERT(spin_is_held(&sched_lock));
    check_sleep(&sched_lock.class);
    RULE(queue != &current->child_exited || !list_empty(&current->children),
         "pid %d \"%s\" sleeps in wait, but has no child that could end and wake it: find_zombie()",
         current->pid, current->name);
    if (killable && current->killed)
        return -E_KILLED;
    current->killable = killable;
    list_add_tail(&queue->sleepers, &current->wait_link);
    TRACE(sleep, current->pid, (uintptr_t)queue);
    if (rules_due())
        check_asleep();
    schedule(current, PROC_SLEEPING, pick());
    return killable && current->killed ? -E_KILLED : 0;
}

void wakeup_proc(struct proc *proc)
{
    proc_check(proc);
    if (proc->state != PROC_SLEEPING)
        return;
    list_del(&proc->wait_link);
    TRACE(wake, proc->pid, current->pid);
    make_runnable(proc);
    check_ready(proc);
}

void waitq_wake(struct waitq *queue)
{
    if (!list_empty(&queue->sleepers))
        wakeup_proc(list_entry(list_first(&queue->sleepers), struct proc, wait_link));
}

void sched_start(struct proc *proc)
{
    make_runnable(proc);
    check_ready(proc);
}

void sched_leave(void)
{
    struct proc *next = pick();
    ASSERT(spin_is_held(&sched_lock));
    proc_change_state(next, PROC_RUNNING);
    if (TRACE_IS_ON())
        proc_trace_leave(current, next);
    switch_to(current, next);
    panic("zombie pid %d was scheduled", current->pid);
}

void sched_first_run(void)
{
    check_first_run(&sched_lock.class);
    spin_release(&sched_lock);
}

void sched_tick(void)
{
    spin_take(&sched_lock);
    bool from_user = check_user_interrupted();
    RULE(!from_user || !this_cpu()->need_resched,
         "pid %d \"%s\" should have given way to another process before it returned to user mode: "
         "need_resched",
         current->pid, current->name);
    RULE(!from_user || !current->killed,
         "pid %d \"%s\" was killed, but returned to user mode: sched_interrupt_return()", current->pid,
         current->name);
    bool over = current != this_cpu()->idle && policy_tick(current);
    if (over || this_cpu()->attention) /* a switch cleared need_resched, but the work is still to do */
        this_cpu()->need_resched = true;
    RULE(!over || this_cpu()->need_resched,
         "the time slice of pid %d \"%s\" is over, but the timer does not ask for another process: "
         "need_resched",
         current->pid, current->name);
    spin_release(&sched_lock);
}

void sched_idle(void)
{
    pay_attention();
    cpu_cli();
    check_kernel_entered(); /* the time in which it slept does not count */
    spin_take(&sched_lock);
    timer_wake_due();
    bool ran = policy_waiting();
    if (ran)
        schedule(current, PROC_RUNNABLE, policy_pick()); /* without policy_enqueue(): idle is in no queue */
    rules_idle(ran);
    spin_release(&sched_lock);
    if (ran || this_cpu()->attention)
        cpu_sti(); /* and the caller calls again: more sleepers may be due */
    else
        cpu_sti_hlt();
}
