/* SPDX-License-Identifier: MIT */
/*
 * proc - a process: its struct, its states, how it is found.
 *
 * Who may touch a field is marked at it:
 *   (!) set before the process is published, constant afterwards
 *   ($) only the process itself, or its parent once it is a zombie
 *   (s) sched_lock
 *   (f) family.c
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
#include "mm/kstack.h"
#include "watch/assert.h"
#include "watch/trace.h"

struct mm;

/* Processes that sleep until something happens. Protected by sched_lock. */
struct waitq {
    struct list_node sleepers;
};

struct proc {
#if CONFIG_DEBUG_CHECKS
    uint32_t magic; /* (!) PROC_MAGIC; something else before its birth and after its end */
#endif
    int pid;                      /* (!) */
    enum proc_state state;        /* (s) by proc_set_state() */
    bool kernel;                  /* ($) a kernel thread until it executes a program */
    bool killed;                  /* (s) told to die; looked at on every way to user mode */
    bool killable;                /* (s) this sleep ends when it is killed */
    enum exit_reason exit_reason; /* ($) */
    int exit_code;                /* ($) */

    uintptr_t kstack;          /* (!) lowest address of the kernel stack */
    uintptr_t sp;              /* (s) its stack pointer while it does not run */
    struct list_node run_link; /* (s) run queue */
    int slice_ticks;           /* (s) left of its turn */
    uint32_t runs;             /* (s) times it got the CPU */

    struct list_node wait_link; /* (s) the queue it sleeps in */
    struct rb_node timer;       /* (s) sleep(): when it is armed */
    uint64_t wake_tick;         /* (s) */
    bool timer_armed;           /* (s) */

    struct mm *mm;      /* ($) NULL: kernel thread */
    void *fpu;          /* ($) FPU state, made at the first use; NULL before */
    char *line;         /* ($) output held back until its line is complete; NULL: none */
    size_t line_length; /* ($) */

    struct proc *parent;       /* (f) */
    struct list_node children; /* (f) the living, youngest first */
    struct list_node zombies;  /* (f) children that ended, the last to end first */
    struct list_node sibling;  /* (f) in children or zombies of the parent */
    struct waitq child_exited; /* (s) the parent sleeps here in wait() */

    void (*thread)(void *arg); /* (!) where a kernel thread begins */
    void *thread_arg;          /* (!) */
    char name[PROC_NAME_SIZE]; /* ($) */
};

#define PROC_MAGIC 0x50524F43u
#define PROC_MAGIC_DEAD 0x44454144u

/* `proc` is no process, or no longer: say so. */
_Noreturn void proc_check_failed(const struct proc *proc) PANIC_CALLS;

/* Checking builds: mark the beginning and the end of a process; report a pointer to what is none. */
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

/* One CPU's view. Others read it only for statistics. */
struct cpu {
    struct proc *current;
    struct proc *idle;
    /* The scheduler wants a word before the next return to user mode. Races with the timer on purpose:
     * a turn that ends right after a look is seen at the next, on the way to user mode at the latest. */
    volatile bool need_resched;
};
extern struct cpu boot_cpu;

static inline struct cpu *this_cpu(void)
{
    return &boot_cpu;
}

#define current (this_cpu()->current)

/* Process 1. NULL before init_start(). */
extern struct proc *init_proc;

/* Where the frame of a process in the kernel lies: at the top of its stack. */
static inline struct trapframe *proc_trapframe(const struct proc *proc)
{
    return (struct trapframe *)(proc->kstack + KSTACK_BYTES) - 1;
}

/* Set up tables for `max` processes at most: `pid_table_bytes(max)` bytes at `pid_table`; and
 * the process that runs now becomes idle, pid 0, on the boot stack. */
size_t pid_table_bytes(size_t max);
void proc_init(void *pid_table, size_t max);

/* A zeroed process in state UNINIT with a kernel stack, under the name of the current one, in
 * nobody's sight. NULL: no memory. */
struct proc *proc_new(void);

/* Undo proc_new(), or give up a reaped zombie. */
void proc_free(struct proc *proc);

/* Change the state, if the table in proc.c allows it; traces it. Caller holds sched_lock. */
void proc_set_state(struct proc *proc, enum proc_state state);

/* Processes alive, zombies included, idle not. */
size_t proc_count(void);

void proc_set_name(struct proc *proc, const char *name);

/* Prints the current process in one line; for panics. */
void proc_describe_current(void);

/* pid.c: the pids and who has them. pid_alloc() returns -E_NO_FREE_PROC when all are taken;
 * proc_find() returns NULL when nobody has it. Cost does not depend on how many are taken. */
void pid_init(void *table, size_t max);
int pid_alloc(void);
void pid_free(int pid);
void pid_publish(int pid, struct proc *proc);
struct proc *proc_find(int pid);
size_t pid_used_count(void);
int pid_limit(void);

#endif
