/* SPDX-License-Identifier: MIT */
/*
 * linux - what a process has besides that runs a program for Linux: a TLS descriptor, addresses that clone()
 * and exit() write to, signals. A policy: Meson picks linux.c or, with -Dlinux=false, linux_off.c.
 *
 * Like the FPU's state it hangs on the process: NULL for programs of ucow, made at exec, copied at fork.
 * Callers of the functions marked FOR_LINUX test that first, and the compiler keeps them out of line: a
 * process that has no such state pays for the test alone.
 */
#ifndef PROC_LINUX_H
#define PROC_LINUX_H

#include <stddef.h>
#include <stdint.h>

struct image;
struct proc;

/* What clone() gives a child; 0: nothing. */
struct linux_thread {
    uint64_t tls;        /* a segment descriptor; 0: none */
    uintptr_t set_tid;   /* where the child writes its pid when it first runs */
    uintptr_t clear_tid; /* where it writes 0 when it ends, if other processes use its memory */
};

/* All fields: ($), but signals are also changed by those who send them. */
struct linux_proc {
    struct linux_thread thread;
    struct linux_thread *child; /* the same for the child that clone() is about to make; NULL: fork() */
    uint64_t ignored, blocked, pending; /* signals; number n is bit n - 1 */
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

/* The current process ends, and still has its memory: write what clone() said. */
FOR_LINUX void linux_clear_tid(void);

/* Free the state of `proc`. */
FOR_LINUX void linux_drop(struct proc *proc);

/* Give the current process, which runs a program for Linux, the TLS descriptor `tls`. */
FOR_LINUX void linux_set_tls(uint64_t tls);

/* Write `n` bytes that no program can guess from its own; they are the same in each run of a machine. */
FOR_LINUX void linux_random(void *to, size_t n);

/* Called on a switch to `next`, which may have a TLS descriptor, or from a process that has one. */
FOR_LINUX void linux_switch(const struct proc *next);

#endif
