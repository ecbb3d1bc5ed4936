/* SPDX-License-Identifier: MIT */
/*
 * exit - release everything, hand the children to init, become a zombie, wake the parent.
 */
#include "proc/exit.h"

#include "check/hooks.h"
#include "mm/mm.h"
#include "proc/family.h"
#include "proc/proc_fpu.h"
#include "proc/proc_line.h"
#include "proc/sched.h"

static void release_mm(void)
{
    struct mm *mm = current->mm;
    if (mm == NULL)
        return;
    current->mm = NULL;
    mmu_load(&kernel_pgdir);
    mm_drop(mm);
}

void do_exit(enum exit_reason reason, int code)
{
    struct proc *proc = current;
    if (proc == init_proc || proc == this_cpu()->idle)
        panic("%s ends with code %d", proc->name, code);
    cpu_sti();
    check_exit(proc->pid);
    TRACE(exit, proc->pid, code, reason);
    proc_line_exit();
    release_mm();
    proc_fpu_drop(proc);
    proc->exit_code = code;
    proc->exit_reason = reason;
    bool zombies = family_hand_over(proc, init_proc);

    spin_lock_irqsave(&sched_lock);
    if (zombies)
        waitq_wake(&init_proc->child_exited);
    family_make_zombie(proc);
    proc_set_state(proc, PROC_ZOMBIE);
    waitq_wake(&proc->parent->child_exited);
    sched_leave();
}
