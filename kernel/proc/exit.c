/* SPDX-License-Identifier: MIT */
/*
 * exit - release everything, hand the children to init, become a zombie, wake the parent.
 */
#include "proc/exit.h"

#include "check/hooks.h"
#include "mm/mm.h"
#include "proc/abi.h"
#include "proc/family.h"
#include "proc/linux.h"
#include "proc/proc_fpu.h"
#include "proc/proc_line.h"
#include "proc/proc_rules.h"
#include "proc/sched.h"
#include "proc/visit.h"

#define HAND_OVER_AT_ONCE 64

static void release_mm(void)
{
    struct mm *mm = current->mm;
    if (mm == NULL)
        return;
    current->mm = NULL;
    mmu_load(&kernel_pgdir);
    visit_await_last(mm);
    mm_drop(mm);
}

static void wake_init(void)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    waitq_wake(&init_proc->child_exited);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

/* Hand all children to init, and let others run in between: there may be thousands. */
static void hand_over_children(struct proc *proc)
{
    /* LAB 5 begin: hand_over_children */
    for (bool more = true; more;) {
        bool zombies;
        more = family_hand_over(proc, init_proc, HAND_OVER_AT_ONCE, &zombies);
        if (zombies)
            wake_init(); /* before others run */
        sched_point();
    }
    /* LAB 5 end */
}

void do_exit(enum exit_reason reason, int code)
{
    struct proc *proc = current;
    if (proc == init_proc || proc == this_cpu()->idle)
        panic("%s ends with code %d", proc->name, code);
    if (rules_due())
        rules_running();
    cpu_sti();
    check_exit(proc->pid);
    if (reason == EXIT_KILL && proc->out_of_memory)
        reason = EXIT_OOM;
    if (proc->linux_state != NULL)
        proc->abi->leave(&reason, &code);
    proc->exiting = true;
    TRACE(exit, proc->pid, code, reason);
    proc_line_exit();
    release_mm();
    proc_fpu_drop(proc);
    if (proc->linux_state != NULL)
        linux_drop(proc);
    proc->exit_code = code;
    proc->exit_reason = reason;
    RULE(proc->exit_code == code, "pid %d \"%s\" ended with code %d, but its parent will get %d: exit_code",
         proc->pid, proc->name, code, proc->exit_code);
    hand_over_children(proc);
    RULE(list_empty(&proc->children) && list_empty(&proc->zombies),
         "pid %d \"%s\" ended, but its children were not handed to init: family_hand_over()", proc->pid,
         proc->name);

    spin_lock_irqsave(&sched_lock);
    /* LAB 5 begin: do_exit */
    family_make_zombie(proc);
    proc_set_state(proc, PROC_ZOMBIE);
    waitq_wake(&proc->parent->child_exited);
    /* LAB 5 end */
    RULE(list_first(&proc->parent->zombies) == &proc->sibling,
         "pid %d \"%s\" ended, but is no zombie of its parent pid %d \"%s\": family_make_zombie()", proc->pid,
         proc->name, proc->parent->pid, proc->parent->name);
    RULE(list_empty(&proc->parent->child_exited.sleepers),
         "pid %d \"%s\" ended, but its parent pid %d \"%s\" still sleeps in wait: waitq_wake()", proc->pid,
         proc->name, proc->parent->pid, proc->parent->name);
    if (rules_due())
        rules_ended(code);
    sched_leave();
}
