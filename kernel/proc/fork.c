/* SPDX-License-Identifier: MIT */
/*
 * fork - allocate and fill in a process that no other sees yet, then publish it in one step that cannot fail.
 */
#include "proc/fork.h"

#include <ucow/errno.h>

#include "arch/i386/switch.h"
#include "mm/mm.h"
#include "mm/mm_check.h"
#include "mm/page.h"
#include "proc/exit.h"
#include "proc/family.h"
#include "proc/linux.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/proc_fpu.h"
#include "proc/proc_rules.h"
#include "proc/sched.h"

/* do_fork() fails if fewer frames than this can be made free. Each first write to a page shared by copy on
 * write needs a frame, and the parent is about to write to its stack: without one it would be killed. */
#define FORK_RESERVE_PAGES 32

extern void fork_return(void);

/* Give the child a copy of the parent's address space. Returns 0; -E_NO_MEM, -E_KILLED. */
static int copy_memory(struct proc *child, struct mm *mm)
{
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return error;
    bool threads = mm_users(mm) > 1; /* now: one may write, and end, while memory is copied */
    child->mm = mm_dup(mm, &error);
    RULE(child->mm != mm,
         "pid %d \"%s\" has the memory of its parent pid %d itself, and must have a copy: mm_dup()",
         child->pid, child->name, current->pid);
    if (child->mm != NULL)
        mm_check_fork(child->mm, mm, threads, (struct cow_who){current->pid, current->name},
                      (struct cow_who){child->pid, child->name});
    mutex_unlock(&mm->lock);
    return error;
}

/* Give the child its memory, and the state of a program for Linux if the parent has one. Returns 0; an error,
 * and the child has neither. */
static int copy_mm(struct proc *child, uint32_t flags)
{
    int error = 0;
    if (current->linux_state != NULL && linux_inherit(child) != 0)
        return -E_NO_MEM;
    if (flags & CLONE_VM) {
        mm_hold(current->mm);
        child->mm = current->mm;
    } else {
        error = copy_memory(child, current->mm);
    }
    if (error != 0 && child->linux_state != NULL)
        linux_drop(child);
    return error;
}

/* Give the child a copy of the parent's trap frame that returns 0, on `stack` unless that is 0. */
static void copy_thread(struct proc *child, uintptr_t stack)
{
    /* LAB 3 begin: copy_thread */
    struct trapframe *tf = proc_trapframe(child);
    *tf = *proc_trapframe(current);
    tf->eax = 0;
    if (stack != 0)
        tf->esp = stack;
    /* LAB 3 end */
}

/* Make the stack look as if the process had called cpu_switch() and returned from it to fork_return. */
static void make_first_switch(struct proc *proc)
{
    struct switch_frame *frame = (struct switch_frame *)proc_trapframe(proc) - 1;
    *frame = (struct switch_frame){.eip = (uint32_t)(uintptr_t)fork_return};
    proc->sp = (uintptr_t)frame;
}

/* Check a child that is about to become visible. */
static void check_unpublished(const struct proc *child, uint32_t flags)
{
    const struct trapframe *tf = proc_trapframe(child), *parent_tf = proc_trapframe(current);
    RULE(child->pid > 0 && proc_find(child->pid) == NULL,
         "pid %d \"%s\" forked a child with pid %d, which another process has: child->pid", current->pid,
         current->name, child->pid);
    RULE(child->kstack != current->kstack,
         "pid %d \"%s\" forked pid %d, and both have one kernel stack: proc_new()", current->pid,
         current->name, child->pid);
    RULE(((const struct switch_frame *)child->sp)->eip == (uintptr_t)fork_return,
         "pid %d \"%s\" forked pid %d, which would begin at 0x%08x and not at fork_return", current->pid,
         current->name, child->pid, (unsigned)((const struct switch_frame *)child->sp)->eip);
    if (child->kernel)
        return;
    RULE(child->mm != current->mm || (flags & CLONE_VM) != 0,
         "pid %d \"%s\" has the memory of its parent pid %d, not a copy: mm_dup()", child->pid, child->name,
         current->pid);
    RULE(tf->eip != parent_tf->eip || trap_frame_same_registers(tf, parent_tf),
         "pid %d \"%s\" starts with other registers than its parent pid %d had when it called fork: ebx "
         "0x%08x, ebp 0x%08x, eflags 0x%08x instead of 0x%08x, 0x%08x, 0x%08x",
         child->pid, child->name, current->pid, (unsigned)tf->ebx, (unsigned)tf->ebp, (unsigned)tf->eflags,
         (unsigned)parent_tf->ebx, (unsigned)parent_tf->ebp, (unsigned)parent_tf->eflags);
}

/* Make the complete child visible to other processes. Cannot fail. */
static void publish(struct proc *child, uint32_t flags)
{
    make_first_switch(child);
    family_add(current, child);
    RULE(child->parent == current && family_ok(child),
         "pid %d \"%s\" forked pid %d, which is not among its children: family_add()", current->pid,
         current->name, child->pid);
    if (rules_due())
        check_unpublished(child, flags);
    pid_publish(child->pid, child);
    pid_group_join(child->group);
    TRACE(fork, current->pid, child->pid, flags);
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    sched_start(child);
    RULE(child->state == PROC_RUNNABLE, "pid %d \"%s\" forked pid %d, which can never run: sched_start()",
         current->pid, current->name, child->pid);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

/* Check what the parent and the child rely on. */
static void check_child(const struct proc *child, uintptr_t stack)
{
    const struct trapframe *tf = proc_trapframe(child), *parent_tf = proc_trapframe(current);
    RULE(child->mm != NULL, "fork gave the child, pid %d \"%s\", no memory: copy_mm()", child->pid,
         child->name);
    RULE(tf->eax == 0,
         "fork returns %d in the child, pid %d \"%s\", and must return 0: eax of its trap frame",
         (int)tf->eax, child->pid, child->name);
    RULE(tf->eip == parent_tf->eip && tf->cs == parent_tf->cs &&
             tf->esp == (stack != 0 ? stack : parent_tf->esp),
         "pid %d \"%s\" does not continue where its parent pid %d called fork: eip 0x%08x instead of 0x%08x, "
         "esp 0x%08x instead of 0x%08x",
         child->pid, child->name, current->pid, (unsigned)tf->eip, (unsigned)parent_tf->eip,
         (unsigned)tf->esp, (unsigned)(stack != 0 ? stack : parent_tf->esp));
}

/* Have frames for a child. One search for pages to evict may end before there are enough: then others run,
 * and it is repeated as long as it makes progress. */
static bool reserve_frames(void)
{
    size_t before;
    do {
        before = page_free_count();
        if (page_reserve(FORK_RESERVE_PAGES))
            return true;
    } while (page_free_count() > before && sched_point() == 0);
    return false;
}

int do_fork(uint32_t flags, uintptr_t stack)
{
    if ((flags & ~CLONE_VM) != 0)
        return -E_INVAL;
    if (!reserve_frames())
        return -E_NO_MEM;
    int pid = pid_alloc();
    if (pid < 0)
        return pid;
    /* LAB 3 begin: do_fork */
    int error = -E_NO_MEM;
    struct proc *child = proc_new();
    if (child == NULL)
        goto undo_pid;
    child->pid = pid;
    error = proc_fpu_copy(child);
    if (error != 0)
        goto undo_proc;
    error = copy_mm(child, flags);
    if (error != 0)
        goto undo_fpu;
    copy_thread(child, stack);
    child->group = current->group; /* not earlier: its parent may have moved it while memory was copied */
    publish(child, flags);
    check_child(child, stack);
    return pid;

undo_fpu:
    proc_fpu_drop(child);
undo_proc:
    proc_free(child);
undo_pid:
    pid_free(pid);
    return error;
    /* LAB 3 end */
}

int kernel_thread(const char *name, void (*thread)(void *arg), void *arg)
{
    int pid = pid_alloc();
    if (pid < 0)
        return pid;
    struct proc *proc = proc_new();
    if (proc == NULL) {
        pid_free(pid);
        return -E_NO_MEM;
    }
    proc->pid = proc->group = pid;
    proc->kernel = true;
    proc->thread = thread;
    proc->thread_arg = arg;
    proc_set_name(proc, name);
    publish(proc, 0);
    return pid;
}

/* A new process begins here, called by fork_return with interrupts off. */
void proc_first_run(void);
void proc_first_run(void)
{
    sched_first_run();
    if (rules_due())
        rules_running();
    if (current->linux_state != NULL)
        linux_first_run();
    if (current->thread != NULL) {
        cpu_sti();
        current->thread(current->thread_arg);
        if (current->kernel)
            do_exit(EXIT_CALL, 0);
        cpu_cli();
    }
    sched_return_to_user();
}
