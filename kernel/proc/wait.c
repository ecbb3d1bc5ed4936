/* SPDX-License-Identifier: MIT */
/*
 * wait - find a zombie among the children, or sleep until a child ends; and free it.
 */
#include "proc/wait.h"

#include <ucow/errno.h>

#include "proc/family.h"
#include "proc/group.h"
#include "proc/pid.h"
#include "proc/proc_rules.h"
#include "proc/sched.h"

/* Returns 0 and the zombie, or NULL if none has ended yet; -E_BAD_PROC if there is no such child. */
static int find_zombie(int pid, struct proc **zombie)
{
    /* LAB 5 begin: find_zombie */
    if (pid == 0) {
        struct list_node *first = list_first(&current->zombies);
        *zombie = first == NULL ? NULL : list_entry(first, struct proc, sibling);
        return first == NULL && list_empty(&current->children) ? -E_BAD_PROC : 0;
    }
    struct proc *child = proc_find(pid);
    if (child == NULL || child->parent != current)
        return -E_BAD_PROC;
    *zombie = child->state == PROC_ZOMBIE ? child : NULL;
    return 0;
    /* LAB 5 end */
}

int do_wait(int pid, struct proc **zombie)
{
    int error;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    /* LAB 5 begin: do_wait */
    while ((error = find_zombie(pid, zombie)) == 0 && *zombie == NULL) {
        error = waitq_sleep(&current->child_exited, true);
        if (error != 0)
            break;
    }
    /* LAB 5 end */
    if (error == 0 && rules_due()) {
        RULE(*zombie != NULL,
             "wait of pid %d \"%s\" returns although no child has ended: do_wait() must look again",
             current->pid, current->name);
        rules_found(pid, *zombie);
    }
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

int do_wait_now(int pid, struct proc **zombie)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    int error = find_zombie(pid, zombie);
    if (error == 0 && *zombie != NULL && rules_due())
        rules_found(pid, *zombie);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

void do_reap(struct proc *zombie)
{
    if (rules_due())
        rules_found(zombie->pid, zombie);
    ASSERT(zombie->state == PROC_ZOMBIE && zombie->parent == current);
    int pid = zombie->pid, group = zombie->group;
    size_t stacks = kstack_count();
    /* LAB 5 begin: do_reap */
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    family_remove(zombie);
    proc_set_state(zombie, PROC_GONE);
    spin_unlock_irqrestore(&sched_lock, eflags);
    TRACE(reap, current->pid, pid, zombie->exit_code);
    proc_free(zombie);
    /* LAB 5 end */
    group_left(group);
    RULE(current->zombies.next != &zombie->sibling,
         "pid %d was reaped by pid %d \"%s\", but is still among its zombies: family_remove()", pid,
         current->pid, current->name);
    RULE(kstack_count() == stacks - 1,
         "pid %d was reaped by pid %d \"%s\", but its kernel stack was not freed: kstack_free()", pid,
         current->pid, current->name);
    pid_free(pid);
}
