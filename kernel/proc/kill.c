/* SPDX-License-Identifier: MIT */
/*
 * kill - mark a process as killed; it then ends itself on its way to user mode.
 *
 * A process in a killable sleep is woken. A runnable process sees the flag when it next runs, before it
 * executes another instruction of its program.
 */
#include "proc/kill.h"

#include <ucow/errno.h>

#include "proc/pid.h"
#include "proc/sched.h"

int do_kill(int pid)
{
    return do_kill_by(pid, 0);
}

int do_kill_by(int pid, uint8_t signal)
{
    struct proc *proc = proc_find(pid);
    int error = 0;
    if (proc == NULL || proc->kernel)
        return -E_INVAL;
    RULE(proc != NULL, "pid %d \"%s\" kills pid %d, which no process has: -E_INVAL", current->pid,
         current->name, pid);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    proc->slice_ticks = 0; /* among thousands that are killed asleep, a sleeper that lives goes first */
    /* LAB 5 begin: do_kill */
    if (proc->killed || proc->exiting) {
        error = -E_KILLED;
    } else {
        proc->killed = true;
        proc->kill_signal = signal;
        TRACE(kill, current->pid, pid);
        if (proc->killable)
            wakeup_proc(proc);
    }
    /* LAB 5 end */
    RULE(error != 0 || proc->killed,
         "kill of pid %d \"%s\" by pid %d \"%s\" succeeds, but the process goes on: proc->killed", proc->pid,
         proc->name, current->pid, current->name);
    RULE(error != 0 || !proc->killable || proc->state != PROC_SLEEPING,
         "pid %d \"%s\" was killed by pid %d \"%s\", but still sleeps: wakeup_proc()", pid, proc->name,
         current->pid, current->name);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

void kill_for_memory(struct proc *proc)
{
    proc->out_of_memory = true;
    do_kill(proc->pid);
}
