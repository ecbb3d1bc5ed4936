/* SPDX-License-Identifier: MIT */
/*
 * proc_rules - rules about processes that are not about a single structure. Built with debug_checks only.
 */
#include "proc/proc_rules.h"

#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "arch/i386/mmu.h"
#include "mm/mm.h"
#include "proc/pid.h"
#include "proc/sched.h"

#define LOOKS_AT_ONCE 64
#define CHECKED_AT_FIRST 64
#define CHECKED_IN_REHEARSAL 1024
#define CHECKED_EVERY 61 /* a prime: operations that take turns are all met */

RACE_IS_HARMLESS unsigned rules_wait = 1;

static RACE_IS_HARMLESS unsigned left_at_first = CHECKED_AT_FIRST;

bool rules_begin(void)
{
    rules_wait = left_at_first > 0 ? 1 : CHECKED_EVERY;
    if (left_at_first > 0)
        left_at_first--;
    return true;
}

void rules_restart(void)
{
    left_at_first = CHECKED_IN_REHEARSAL;
    rules_wait = 1;
    check_count_entries();
}

void rules_running(void)
{
    uintptr_t stack = cpu_frame_pointer();
    RULE(cpu_tss.esp0 == current->kstack + KSTACK_BYTES,
         "pid %d \"%s\" runs, but would enter the kernel on the stack that ends at 0x%08x, not on its own: "
         "gdt_set_kernel_stack()",
         current->pid, current->name, (unsigned)cpu_tss.esp0);
    RULE(stack - current->kstack < KSTACK_BYTES,
         "pid %d \"%s\" is the current process, but the kernel's stack pointer is 0x%08x, not on its stack",
         current->pid, current->name, (unsigned)stack);
    RULE(current->mm == NULL || mmu_is_loaded(current->mm->pgdir),
         "pid %d \"%s\" runs, but the page directory that is loaded is not its own: mmu_load()", current->pid,
         current->name);
}

void rules_found(int pid, const struct proc *zombie)
{
    proc_check(zombie);
    RULE(zombie->parent == current,
         "wait of pid %d \"%s\" takes pid %d \"%s\", which is a child of pid %d: find_zombie()", current->pid,
         current->name, zombie->pid, zombie->name, zombie->parent == NULL ? 0 : zombie->parent->pid);
    RULE(pid == 0 || zombie->pid == pid,
         "wait of pid %d \"%s\" for pid %d takes pid %d \"%s\": find_zombie()", current->pid, current->name,
         pid, zombie->pid, zombie->name);
    RULE(zombie->state == PROC_ZOMBIE,
         "wait of pid %d \"%s\" takes pid %d \"%s\", which has not ended: find_zombie()", current->pid,
         current->name, zombie->pid, zombie->name);
}

void rules_ended(int code)
{
    RULE(current->state == PROC_ZOMBIE,
         "pid %d \"%s\" ended, but its state is not PROC_ZOMBIE: proc_set_state()", current->pid,
         current->name);
    RULE(current->exit_reason == EXIT_CALL || code == -E_KILLED || current->kill_signal != 0,
         "pid %d \"%s\" was killed, but ends with exit code %d instead of %d", current->pid, current->name,
         code, -E_KILLED);
    RULE(current->mm == NULL, "pid %d \"%s\" ended, but its memory was not released: release_mm()",
         current->pid, current->name);
    RULE(current->exit_code == code,
         "pid %d \"%s\" ended with exit code %d, but its parent will get %d: proc->exit_code", current->pid,
         current->name, code, current->exit_code);
    RULE(list_empty(&init_proc->zombies) || list_empty(&init_proc->child_exited.sleepers),
         "pid %d \"%s\" handed a zombie to init, which still sleeps in wait: waitq_wake()", current->pid,
         current->name);
}

/* The machine idles, so `proc` may not be ready to run. */
static void check_idle(const struct proc *proc)
{
    RULE(proc->state != PROC_RUNNABLE,
         "pid %d \"%s\" is ready to run, but the machine idles: policy_enqueue() or policy_pick()", proc->pid,
         proc->name);
    RULE(proc->state != PROC_UNINIT, "pid %d \"%s\" was never made ready to run: sched_start()", proc->pid,
         proc->name);
}

/* All processes sleep in wait: report one that has a zombie, or any. */
_Noreturn static void report_waiting(void)
{
    const struct proc *found = init_proc;
    for (int pid = 1; pid < pid_limit(); pid++) {
        const struct proc *proc = proc_find(pid);
        if (proc != NULL && proc->state == PROC_SLEEPING && !list_empty(&proc->zombies))
            found = proc;
    }
    const struct list_node *zombie = list_first(&found->zombies);
    RULE(zombie == NULL,
         "pid %d \"%s\" sleeps in wait for ever, although its child pid %d has ended: find_zombie()",
         found->pid, found->name, list_entry(zombie, const struct proc, sibling)->pid);
    check_failed("no process can run any more: each sleeps in wait, the last pid %d \"%s\"", found->pid,
                 found->name);
}

void rules_idle(bool ran)
{
    static int next, waiting,
        others; /* since a process ran: the next to look at, those that sleep in wait, and not */
    if (ran)
        next = waiting = others = 0;
    for (int i = 0; !ran && i < LOOKS_AT_ONCE && next < pid_limit(); i++) {
        const struct proc *proc = proc_find(++next);
        if (proc == NULL)
            continue;
        check_idle(proc);
        if (!list_empty(&proc->child_exited.sleepers))
            waiting++;
        else if (proc->state != PROC_ZOMBIE)
            others++;
    }
    if (next >= pid_limit() && waiting > 0 && others == 0)
        report_waiting();
}
