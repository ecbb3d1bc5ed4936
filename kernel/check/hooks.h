/* SPDX-License-Identifier: MIT */
/*
 * hooks - everything that the kernel tells its checks: the one header of check/ that arch, dev, fs, lib, mm,
 * proc and sys include.
 *
 * Here are the hooks of spinlocks, interrupt handlers, the scheduler and the ends of processes. The included
 * headers have those of mutexes, kernel stacks, memory that KASAN guards, operations that can be made to
 * fail, and traps of the compiler's. In a build without a check its hooks are empty, so that callers need no
 * CONFIG_.
 */
#ifndef CHECK_HOOKS_H
#define CHECK_HOOKS_H

#include "arch/i386/cpu.h"
#include "check/cow.h"
#include "check/inject.h"
#include "check/kasan.h"
#include "check/kcfi.h"
#include "check/locks.h"
#include "check/lockup.h"
#include "check/peak.h"
#include "check/races.h"

/* A spinlock was taken; EFLAGS were `eflags` before. Fast path: two mask tests. Anything unusual goes to
 * locks_learn(), which decides whether it is an error. */
SITE_OF_CALLER void check_spin_taken(struct lock_class *class, uint32_t eflags)
{
    if (CONFIG_DEBUG_CHECKS) {
        if (__builtin_expect((locks_held.classes & class->unknown) != 0, 0))
            locks_learn(class, cpu_here());
        if ((locks_held.classes & LOCKS_HANDLER) == 0)
            races_ordered();
        locks_held.classes |= class->bit;
        cpu_store_here(&class->caller);
        class->eflags_were = eflags;
        class->since = cpu_tsc_low();
    }
}

/* A spinlock is taken with interrupts as they are: off if it is an irq lock, else on. */
SITE_OF_CALLER void check_spin_take(struct lock_class *class, bool irq)
{
    if (CONFIG_DEBUG_CHECKS) {
        uint32_t eflags = cpu_eflags();
        if (irq == ((eflags & EFLAGS_IF) != 0))
            locks_spin_misused(class, cpu_here(),
                               irq ? "is taken with interrupts on" : "is not for interrupt handlers");
        check_spin_taken(class, eflags);
    }
}

/* A spinlock is released. */
SITE_OF_CALLER void check_spin_release(struct lock_class *class, bool irq)
{
    if (CONFIG_DEBUG_CHECKS) {
        if (__builtin_expect((locks_held.classes & class->bit) == 0, 0))
            locks_spin_misused(class, cpu_here(), "is released by a context that does not hold it");
        locks_held.classes ^= class->bit;
        if (irq)
            peak_irq_off(cpu_tsc_low() - class->since, class->caller);
    }
}

/* Whether the running process or handler holds a lock of this class; true in other builds. */
static inline bool check_is_held(const struct lock_class *class)
{
    return !CONFIG_DEBUG_CHECKS || (locks_held.classes & class->bit) != 0;
}

/* What an interrupt handler interrupted: whose locks, and when. */
struct check_handler {
    struct locks_held interrupted;
    uint32_t since;
};

/* A handler begins, interrupts off; it interrupted the code at `eip`. It holds no lock, whatever it
 * interrupted. */
static inline struct check_handler check_handler_begin(uintptr_t eip)
{
    struct check_handler handler = {0};
    if (CONFIG_DEBUG_CHECKS) {
        peak_stretch_eip = eip;
        handler.since = cpu_tsc_low();
        handler.interrupted = locks_handler_begins();
    }
    return handler;
}

/* It ends: it must hold no lock, and must not have taken too long. `code` is its address. */
static inline void check_handler_end(const struct check_handler *handler, uintptr_t code)
{
    if (CONFIG_DEBUG_CHECKS) {
        locks_handler_ends(handler->interrupted);
        peak_irq_off(cpu_tsc_low() - handler->since, code);
    }
}

/* The timer has interrupted the code of `tf`. Interrupts off. */
static inline void check_tick(const struct trapframe *tf)
{
    if (CONFIG_DEBUG_CHECKS)
        lockup_tick(tf);
}

/* An NMI has interrupted the code of `tf`. Returns whether a check has asked for it. */
static inline bool check_nmi(const struct trapframe *tf)
{
    return CONFIG_DEBUG_CHECKS && lockup_nmi(tf);
}

/* Whether the handler that runs interrupted a program. */
static inline bool check_user_interrupted(void)
{
    return CONFIG_DEBUG_CHECKS && peak_stretch_eip != 0 && peak_stretch_eip < USERTOP;
}

/* The current process enters the kernel from user mode. */
static inline void check_kernel_entered(void)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stretch_begin(cpu_tsc_low());
}

/* It is about to return to user mode; it executed the function at `site`. */
static inline void check_kernel_done(uintptr_t site)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stretch_end(cpu_tsc_low(), site);
}

/* The same where the time stamp counter was read just now, for an event. */
static inline void check_kernel_entered_at(uint32_t now)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stretch_begin(now);
}

static inline void check_kernel_done_at(uint32_t now, uintptr_t site)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stretch_end(now, site);
}

/* At `site`, others may run. */
static inline void check_point(uintptr_t site)
{
    if (CONFIG_DEBUG_CHECKS)
        peak_stretch_point(site);
}

/* What belongs to a process while it does not run: its locks. */
struct check_switch {
    struct locks_held locks;
};

/* The current process is about to leave the CPU to process `next`. */
SITE_OF_CALLER struct check_switch check_switch_begin(int next)
{
    struct check_switch process = {0};
    if (CONFIG_DEBUG_CHECKS) {
        process = (struct check_switch){locks_held};
        peak_stretch_end_here();
    }
    if (CONFIG_INJECT)
        inject_running_pid = next;
    return process;
}

/* It has the CPU again, and still holds the lock of class `sched`. If it slept, interrupts were on when it
 * took that lock (check_sleep()); if it gave way, no one asks. */
static inline void check_switch_end(struct lock_class *sched, const struct check_switch *process)
{
    if (CONFIG_DEBUG_CHECKS) {
        locks_held = process->locks;
        sched->eflags_were = EFLAGS_IF;
        peak_stretch_begin(cpu_tsc_low());
    }
}

/* A new process runs for the first time: it holds only the lock of class `sched`. */
static inline void check_first_run(const struct lock_class *sched)
{
    if (CONFIG_DEBUG_CHECKS) {
        locks_held = (struct locks_held){.classes = LOCKS_ALWAYS | sched->bit};
        peak_stretch_begin(cpu_tsc_low());
    }
}

/* The current process sleeps: it may hold the lock of class `sched` and no other spinlock. */
static inline void check_sleep(const struct lock_class *sched)
{
    if (CONFIG_DEBUG_CHECKS)
        locks_check_sleep(sched, (sched->eflags_were & EFLAGS_IF) != 0);
}

/* The current process returns to user mode: it holds no lock. */
static inline void check_user_return(void)
{
    if (CONFIG_DEBUG_CHECKS)
        locks_check_none("returns to user mode");
}

/* The current process, `pid`, ends: it holds no lock. */
static inline void check_exit(int pid)
{
    if (CONFIG_DEBUG_CHECKS)
        locks_check_none("ends");
    if (CONFIG_INJECT)
        inject_forget(pid);
}

/* The length of a tick is known. Interrupts off. */
static inline void check_clock_known(void)
{
    if (CONFIG_DEBUG_CHECKS) {
        peak_clock_known();
        lockup_init();
    }
}

/* Boot is over: operations count towards the plans of the command line from now on. */
static inline void check_run_begin(void)
{
    if (CONFIG_INJECT)
        inject_start();
}

/* The run ends: record how deep the stack of process `pid` was, and all maxima again. */
static inline void check_run_end(uintptr_t stack, uintptr_t bytes, int pid)
{
    if (CONFIG_DEBUG_CHECKS) {
        peak_stack_used(stack, bytes, pid);
        peak_trace();
    }
}

/* The return address to keep with what was allocated, for the ledger: 0 in other builds. */
#define CHECK_CALLER() (CONFIG_DEBUG_CHECKS ? (uintptr_t)__builtin_return_address(0) : 0)

#endif
