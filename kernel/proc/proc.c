/* SPDX-License-Identifier: MIT */
/*
 * proc - allocates and frees struct proc, and has the table of state changes.
 */
#include "proc/proc.h"

#include "arch/i386/fpu.h"
#include "arch/i386/peek.h"
#include "check/hooks.h"
#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/slab.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/proc_fpu.h"
#include "proc/proc_trace.h"
#include "proc/sched.h"

__attribute__((used)) struct cpu boot_cpu; /* read by tools/gdb */
struct spinlock sched_lock = SPINLOCK_IRQ("sched");
struct proc *init_proc;
static struct kmem_cache proc_cache;
static struct proc idle_proc;

extern char boot_stack[];

const uint8_t proc_may_become[] = {
#define TO(NAME) | BIT(PROC_##NAME)
#define PROC_STATE(NAME, next) [PROC_##NAME] = 0 next,
#include <ucow/enums.def>
};
_Static_assert(PROC_STATES <= 8, "proc_may_become has eight bits for each state");

void proc_set_state(struct proc *proc, enum proc_state state)
{
    ASSERT(spin_is_held(&sched_lock));
    enum proc_state was = proc->state;
    proc_change_state(proc, state);
    if (TRACE_IS_ON())
        proc_trace_state(proc->pid, was, state);
}

void trace_switch_one_by_one(int from, enum proc_state state, int to)
{
    TRACE_IRQ_OFF(state, from, PROC_RUNNING, state);
    trace_leave_one_by_one(from, to);
}

void trace_leave_one_by_one(int from, int to)
{
    TRACE_IRQ_OFF(state, to, PROC_RUNNABLE, PROC_RUNNING);
    TRACE_IRQ_OFF(switch, from, to);
}

static void init_fields(struct proc *proc)
{
    proc_mark(proc, PROC_MAGIC);
    list_init(&proc->children);
    list_init(&proc->zombies);
    list_init(&proc->sibling);
    list_init(&proc->child_exited.sleepers);
}

void proc_init(void *pid_table, size_t max)
{
    kmem_cache_init(&proc_cache, "proc", sizeof(struct proc), sizeof(void *));
    proc_fpu_init();
    linux_init();
    pid_init(pid_table, max);

    struct proc *idle = &idle_proc;
    init_fields(idle);
    idle->kernel = true;
    idle->priority = 1;
    idle->kstack = (uintptr_t)boot_stack;
    idle->state = PROC_RUNNING;
    proc_set_name(idle, "idle");
    pid_publish(0, idle);
    this_cpu()->idle = current = idle;
}

struct proc *proc_new(void)
{
    struct proc *proc = kmem_cache_zalloc(&proc_cache);
    if (proc == NULL)
        return NULL;
    proc->kstack = kstack_alloc();
    if (proc->kstack == 0) {
        kmem_cache_free(&proc_cache, proc);
        return NULL;
    }
    init_fields(proc);
    memcpy(proc->name, current->name, sizeof(proc->name));
    proc->priority = current->priority;
    proc->abi = current->abi;
    return proc;
}

void proc_free(struct proc *proc)
{
    proc_check(proc);
    ASSERT(proc->mm == NULL && proc->fpu == NULL && proc->line == NULL && proc->linux_state == NULL);
    peak_stack_used(proc->kstack, KSTACK_BYTES, proc->pid);
    proc_mark(proc, PROC_MAGIC_DEAD);
    kstack_free(proc->kstack);
    kmem_cache_free(&proc_cache, proc);
}

void proc_check_failed(const struct proc *proc)
{
    const char *why = peek_readable((uintptr_t)proc) ? "it has ended, or never was one" : "nothing is there";
    check_failed("%p is used as a process: %s", (const void *)proc, why);
}

size_t proc_count(void)
{
    return pid_used_count();
}

void proc_set_name(struct proc *proc, const char *name)
{
    strlcpy(proc->name, name, sizeof(proc->name));
}

void proc_describe_current(void)
{
    if (current != NULL)
        kprintf("current process: pid %d, name \"%s\", kernel stack at 0x%08x\n", current->pid, current->name,
                (unsigned)current->kstack);
}
