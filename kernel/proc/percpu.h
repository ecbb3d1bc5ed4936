/* SPDX-License-Identifier: MIT */
/*
 * percpu - what each CPU has for itself. There is one CPU so far.
 */
#ifndef PROC_PERCPU_H
#define PROC_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

struct proc;

/* The state of one CPU. Other CPUs read it only for statistics. */
struct cpu {
    struct proc *current;
    struct proc *idle;
    /* Call the scheduler before the next return to user mode. This races with the timer on purpose: if a time
     * slice ends right after a check, the next check sees it, at the latest before the return to user mode.
     */
    volatile bool need_resched;
    volatile bool attention; /* sched_call_attention(); races as need_resched does */
    /* What registers hold for one process only, which a switch to another has to look at. */
    union {
        struct {
            bool fpu_open;   /* the FPU is enabled, by proc_fpu.c */
            bool tls_loaded; /* the GDT has a TLS descriptor, by linux.c */
        };
        uint32_t special; /* not 0: one of them */
    };
};
extern struct cpu boot_cpu;

static inline struct cpu *this_cpu(void)
{
    return &boot_cpu;
}

#define current (this_cpu()->current)

#endif
