/* SPDX-License-Identifier: MIT */
/*
 * linux - what a process has besides that runs a program for Linux: a TLS descriptor, addresses that clone()
 * and exit() write to, signals, other threads (linux_threads.c), a futex (linux_futex.h). A policy: Meson
 * picks linux.c or, with -Dlinux=false, linux_off.c.
 *
 * Like the FPU's state it hangs on the process: NULL for programs of ucow, made at exec, copied at fork.
 * Callers of the functions marked FOR_LINUX test that first, and the compiler keeps them out of line: a
 * process that has no such state pays for the test alone.
 */
#ifndef PROC_LINUX_H
#define PROC_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/proc.h"

struct image;

/* What clone() gives a child; 0: nothing. */
struct linux_thread {
    uint64_t tls;        /* a segment descriptor; 0: none */
    uintptr_t set_tid;   /* where the child writes its pid when it first runs */
    uintptr_t clear_tid; /* where it writes 0 when it ends, if other processes use its memory */
};

/* What a futex is found by: memory that all who map it see, and the address there. */
struct futex_key {
    const void *space; /* a struct mm, or the object of shared memory */
    uintptr_t va;
};

/* How a process of several threads ends: as the first of them did that ended all. */
struct linux_end {
    enum exit_reason reason;
    int code;
    uint8_t trap, signal;
};

/* A mark at a field tells who may access it, as in proc.h; (t): linux_threads.c, (s): sched_lock. Without
 * one: the process itself, but signals are also changed by those who send them. */
struct linux_proc {
    struct linux_thread thread;
    struct linux_thread *child; /* the same for the child that clone() is about to make; NULL: fork() */
    uint64_t ignored, blocked, pending; /* signals; number n is bit n - 1; `ignored` is that of the leader */

    struct proc *self;        /* (!) */
    struct proc *leader;      /* (t) the first thread of its process: itself, if it has made no other */
    struct list_node threads; /* (t) the leader's: the others that live; else the place there */
    struct waitq alone;       /* (s) the leader sleeps here until it is the only thread */
    struct linux_end end;     /* (t) the leader's: */
    bool ending;              /* (t) the leader's: all threads are being ended, and there will be no more */
    bool told;                /* (t) it has been killed for that reason */

    struct rb_node futex; /* (s) linux_futex.c: the tree of those that wait for a futex */
    struct futex_key key; /* (s) */
    uint64_t arrival;     /* (s) */
    bool waits;           /* (s) it is in the tree */
};

#define FOR_LINUX __attribute__((cold, noinline))

#define LINUX_AUXV_WORDS 28u

void linux_init(void);

/* Make the state of the program for Linux that exec is about to start. What the caller ignores and blocks
 * stays so. Returns NULL if there is no memory. */
FOR_LINUX struct linux_proc *linux_prepare(void);

/* Fill in the auxiliary vector of a program whose 16 random bytes are at `random`. Returns the number of
 * words, at most LINUX_AUXV_WORDS. */
FOR_LINUX size_t linux_auxv(const struct image *image, uintptr_t random, uint32_t *words);

/* Give `child`, which the current process forks, a copy. Returns 0; -E_NO_MEM. */
FOR_LINUX int linux_inherit(struct proc *child);

/* The current process, just made by fork, runs for the first time: write its pid where clone() said. */
FOR_LINUX void linux_first_run(void);

/* The current process ends, and still has its memory: write what clone() said, and wake who waits there. */
void linux_clear_tid(void);

/* Make `child`, which the current process has just forked with its memory, and which has not run, another
 * thread of its process. init reaps it: no program waits for a thread. */
void linux_thread_add(struct proc *child);

/* Whether the process of the current thread is ending. */
bool linux_is_ending(void);

/* Have all threads of the current process end, and the process as `end` says, unless it is ending already. */
void linux_end_process(struct linux_end end);

/* The current thread, which leads its process, wants to end alone: sleep until it is the only one, or killed;
 * *code is then that of the last one that ended. Returns 0; -E_KILLED. */
int linux_await_threads(int *code);

/* The current process is about to execute a program: end its other threads. Returns false if it is ending
 * itself. */
FOR_LINUX bool linux_end_others(void);

/* The current thread ends: leave its process, or end that, too. The process's leader sleeps until it is
 * alone; then *reason and *code, and other fields of the process, become what the process ends with. */
void linux_leave(enum exit_reason *reason, int *code);

/* Free what linux_prepare() returned, and no process has. */
FOR_LINUX void linux_free(struct linux_proc *state);

/* Free the state of `proc`. */
FOR_LINUX void linux_drop(struct proc *proc);

/* Give the current process, which runs a program for Linux, the TLS descriptor `tls`. */
FOR_LINUX void linux_set_tls(uint64_t tls);

/* Write `n` bytes that no program can guess from its own; they are the same in each run of a machine. */
FOR_LINUX void linux_random(void *to, size_t n);

/* Called on a switch to `next`, which may have a TLS descriptor, or from a process that has one. */
FOR_LINUX void linux_switch(const struct proc *next);

#endif
