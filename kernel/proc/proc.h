/* SPDX-License-Identifier: MIT */
/*
 * proc - struct proc and its states.
 *
 * A mark at each field tells who may access it:
 *   (!) set before the process is published, constant afterwards
 *   ($) only the process itself, or its parent once it is a zombie
 *   (s) sched_lock
 *   (p) sched_lock; the meaning is the scheduling policy's (sched_policy.h)
 *   (f) family.c
 *   (g) group.c, and (!)
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "arch/i386/trapframe.h"
#include "config.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/util.h"
#include "mm/kstack.h"
#include "proc/percpu.h"
#include "proc/waitq.h"
#include "watch/assert.h"
#include "watch/trace.h"

struct abi;
struct linux_proc;
struct mm;

/* A node of the tree of sched_lottery.c. */
struct run_tree {
    struct proc *parent, *child[2];
    uint32_t size, tickets; /* of the subtree: processes, and the sum of their priorities */
};

struct proc {
#if CONFIG_DEBUG_CHECKS
    uint32_t magic; /* (!) PROC_MAGIC from proc_new() to proc_free() */
#endif
    int pid;                      /* (!) */
    int group;                    /* (g) its process group: a pid, maybe of a process that has ended */
    enum proc_state state;        /* (s) by proc_set_state() */
    bool kernel;                  /* ($) a kernel thread until it executes a program */
    bool killed;                  /* (s) it was killed; checked before each return to user mode */
    bool out_of_memory;           /* (s) it was killed because memory was full */
    bool killable;                /* (s) a kill wakes it from its present sleep */
    bool exiting;                 /* (s) it is in do_exit(), and cannot be killed any more */
    enum exit_reason exit_reason; /* ($) */
    int exit_code;                /* ($) */
    uint8_t fault_trap;           /* ($) EXIT_FAULT: the exception that ended it */
    uint8_t kill_signal;          /* (s) the signal of Linux that killed it; 0: kill() */

    uintptr_t kstack; /* (!) lowest address of the kernel stack */
    uintptr_t sp;     /* (s) its stack pointer while it does not run */
    union {           /* (p) its place among the runnable */
        struct list_node run_link;
        struct rb_node run_node;
        struct run_tree run_tree;
    };
    int slice_ticks;    /* (p) ticks left of its turn; sched_yield() sets it to 0 */
    bool computes;      /* (p) sched_rr.c: it was in `ready`, not in `woken` */
    uint32_t last_tick; /* (p) sched_rr.c: when it last ran; 0: it is new */
    uint64_t pass;      /* (p) sched_stride.c */
    uint32_t priority;  /* (s) 1 to PRIORITY_MAX, by setpriority(); children inherit it */
    uint32_t runs;      /* (s) how often it was switched to */

    struct list_node wait_link; /* (s) the queue it sleeps in */
    struct rb_node timer;       /* (s) sleep(): node in the tree of timers, if timer_armed */
    uint64_t wake_tick;         /* (s) */
    bool timer_armed;           /* (s) */

    struct mm *mm;                  /* ($) NULL: kernel thread */
    const struct abi *abi;          /* ($) the system calls of its program; NULL: no program yet */
    struct linux_proc *linux_state; /* ($) what a program for Linux has besides; NULL: it is none */
    void *fpu;                      /* ($) FPU state, allocated at its first use; NULL before */
    char *line;                     /* ($) output whose line is not complete yet; NULL: none */
    size_t line_length;             /* ($) */

    struct proc *parent;       /* (f) */
    struct list_node children; /* (f) the living, youngest first */
    struct list_node zombies;  /* (f) children that ended, the last to end first */
    struct list_node sibling;  /* (f) in children or zombies of the parent */
    struct waitq child_exited; /* (s) the parent sleeps here in wait() */

    void (*thread)(void *arg); /* (!) kernel thread: the function it runs */
    void *thread_arg;          /* (!) */
    char name[PROC_NAME_SIZE]; /* ($) */
};

#define PROC_MAGIC 0x50524F43u
#define PROC_MAGIC_DEAD 0x44454144u

/* Report that `proc` does not point to a process. */
_Noreturn void proc_check_failed(const struct proc *proc) PANIC_CALLS;

/* Checking builds: set the magic number of `proc`; report a pointer that is not to a process. */
#if CONFIG_DEBUG_CHECKS
static inline void proc_mark(struct proc *proc, uint32_t magic)
{
    proc->magic = magic;
}

static inline void proc_check(const struct proc *proc)
{
    if (proc->magic != PROC_MAGIC)
        proc_check_failed(proc);
}
#else
static inline void proc_mark(struct proc *proc, uint32_t magic)
{
    (void)proc, (void)magic;
}

static inline void proc_check(const struct proc *proc)
{
    (void)proc;
}
#endif

/* Process 1. NULL before init_start(). */
extern struct proc *init_proc;

/* The trap frame of a process in the kernel, at the top of its kernel stack. */
static inline struct trapframe *proc_trapframe(const struct proc *proc)
{
    return (struct trapframe *)(proc->kstack + KSTACK_BYTES) - 1;
}

/* Initialise proc.c and pid.c, which uses pid_table_bytes(max) bytes at `pid_table`. The code that runs now
 * becomes idle, pid 0, on the boot stack. */
void proc_init(void *pid_table, size_t max);

/* Returns a zeroed process in state UNINIT, with a kernel stack and the name of the current process, not
 * published yet; NULL if there is no memory. */
struct proc *proc_new(void);

/* Free a process that was not published, or a reaped zombie. */
void proc_free(struct proc *proc);

/* Change the state and trace it; the table in proc.c must allow it. Caller holds sched_lock. */
void proc_set_state(struct proc *proc, enum proc_state state);

/* The states that may follow each state, as bits. */
extern const uint8_t proc_may_become[];

/* The same without a trace, which the caller makes. */
static inline void proc_change_state(struct proc *proc, enum proc_state state)
{
    proc_check(proc);
    ASSERT((proc_may_become[proc->state] & BIT(state)) != 0);
    proc->state = state;
}

/* The number of processes, with zombies, without idle. */
size_t proc_count(void);

void proc_set_name(struct proc *proc, const char *name);

/* Print the current process in one line, for panics. */
void proc_describe_current(void);

#endif
