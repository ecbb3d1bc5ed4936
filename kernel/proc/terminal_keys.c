/* SPDX-License-Identifier: MIT */
/*
 * terminal_keys - kills the foreground group and prints all processes, in parts.
 */
#include "proc/terminal_keys.h"

#include <stddef.h>

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "mm/mm.h"
#include "proc/group.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sleep.h"

#define ROWS_AT_ONCE 16

static const char *const state_names[] = {
#define PROC_STATE(NAME, next) #NAME,
#include <ucow/enums.def>
};

static struct {
    int group, next; /* next: the pid to go on with; 0: nothing to do */
    bool killed;     /* since the walk began at pid 1 */
} ending;
static int next_row; /* the pid to go on with; 0: nothing to print */

/* The walk is over. */
static void end_kill(void)
{
    ending.next = 0;
    group_left(ending.group);
}

void terminal_begin_kill(int group)
{
    if (ending.next != 0)
        end_kill();
    ending.group = group;
    ending.next = group_hold(group); /* other processes run until the end */
    ending.killed = false;
}

void terminal_begin_status(void)
{
    next_row = 1;
    kprintf("processes at tick %u:\n%5s %6s %6s %-8s %8s %7s %s\n", (unsigned)timer_ticks(), "pid", "parent",
            "group", "state", "runs", "pages", "name");
}

static void print_row(const struct proc *proc)
{
    uint32_t eflags = cpu_irq_save(); /* a handler may wake it */
    const char *state = state_names[proc->state];
    cpu_irq_restore(eflags);
    kprintf("%5d %6d %6d %-8s %8u %7u %s%s\n", proc->pid, proc->parent != NULL ? proc->parent->pid : 0,
            proc->group, state, proc->runs, proc->mm != NULL ? (unsigned)mm_page_count(proc->mm) : 0,
            proc->name, proc->killed ? " (killed)" : "");
}

static void print_some(void)
{
    int rows = 0;
    for (int pid = next_row; pid < pid_limit(); pid++) {
        const struct proc *proc = proc_find(pid);
        if (proc == NULL)
            continue;
        if (rows++ == ROWS_AT_ONCE) {
            next_row = pid;
            return;
        }
        print_row(proc);
    }
    next_row = 0;
}

static void kill_some(void)
{
    if (group_kill_some(ending.group, &ending.next) > 0)
        ending.killed = true;
    if (ending.next == 0 && ending.killed) { /* a member that was forking may have published a child since */
        ending.next = 1;
        ending.killed = false;
    }
    if (ending.next == 0)
        end_kill();
}

bool terminal_go_on(void)
{
    if (ending.next != 0)
        kill_some();
    if (next_row != 0)
        print_some();
    return ending.next != 0 || next_row != 0;
}
