/* SPDX-License-Identifier: MIT */
/*
 * locks - the rules of all locks, spinning and sleeping, in checking builds.
 *
 *   order    if A was ever taken with B held, B is never taken with A held, directly or in a longer cycle
 *   owner    a lock is released by the process, or the interrupt handler, that took it
 *   sleep    no process sleeps, or takes a sleeping lock, with a spinlock held, with interrupts off or in a
 *            handler; none ends or returns to user mode with a lock held
 *   time     a spinlock that disables interrupts is held for a few ticks at most (check/peak.h)
 *
 * The order is one of classes, not of single locks: the mutexes of all address spaces have one class. A
 * lock's fast path tests two masks; the rest happens when a new pair of classes is seen.
 */
#ifndef CHECK_LOCKS_H
#define CHECK_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "lib/util.h"
#include "watch/assert.h"

struct lock_class {
    const char *name;
    bool sleeps;      /* a waiter sleeps */
    uint32_t bit;     /* of this class; assigned when a lock of it is first taken */
    uint32_t unknown; /* classes that were never held while one of this class was taken */
    /* Of a spinlock, which is the only one of its class: */
    uintptr_t caller;     /* where it was last taken */
    uint32_t eflags_were; /* EFLAGS before that */
    uint32_t since;       /* the time stamp counter then */
};

#define LOCK_CLASS(text, does_sleep)                                  \
    {                                                                 \
        .name = (text), .sleeps = (does_sleep), .unknown = UINT32_MAX \
    }

/* What the checks keep in a sleeping lock. Locks that are initialised by one line share a class. */
struct lock_check {
    struct lock_class *class;
    struct lock_check *outer; /* the lock that the same process took before it and still holds */
    uintptr_t caller;         /* where it was last taken */
};

/* Initialise a struct lock_check with a class of its own: statically, or at run time. */
#if CONFIG_DEBUG_CHECKS
#define LOCK_CHECK_INIT(text)                               \
    {                                                       \
        .class = &(struct lock_class)LOCK_CLASS(text, true) \
    }
#define LOCK_CHECK_MAKE(where, text)                              \
    do {                                                          \
        static struct lock_class class_ = LOCK_CLASS(text, true); \
        *(where) = (struct lock_check){.class = &class_};         \
    } while (0)
#else
#define LOCK_CHECK_INIT(text) \
    {                         \
    }
#define LOCK_CHECK_MAKE(where, text) \
    do {                             \
    } while (0)
#endif

/* The locks of one process, or of one interrupt handler. */
struct locks_held {
    uint32_t classes;            /* their bits, and LOCKS_ALWAYS */
    struct lock_check *sleeping; /* the sleeping ones, the last taken first */
};

/* Bits of no class. LOCKS_ALWAYS is always held, so that a class without a bit is noticed when its first lock
 * is taken. LOCKS_HANDLER is held by interrupt handlers, and stays unknown to sleeping classes. */
#define LOCKS_ALWAYS 0x80000000u
#define LOCKS_HANDLER 0x40000000u

extern struct locks_held locks_held; /* of the process or handler that runs */
extern uint32_t locks_spinning;      /* bits of the spinlocks */

/* A lock of `class` is being taken, and something in `locks_held` is unknown to it: record the order, or
 * report what is wrong with it. */
void locks_learn(struct lock_class *class, uintptr_t caller);

/* Report a spinlock that is taken or released against the rules; `how` completes "lock NAME". */
_Noreturn void locks_spin_misused(const struct lock_class *class, uintptr_t caller,
                                  const char *how) PANIC_CALLS;

/* The current process releases a sleeping lock that is not the last it took. */
void locks_release_outer(struct lock_check *lock);

/* The current process is about to take a sleeping lock, and may have to wait. */
SITE_OF_CALLER void locks_acquiring(struct lock_check *lock, uintptr_t caller)
{
    if (CONFIG_DEBUG_CHECKS) {
        RULE(lock->class != NULL, "a sleeping lock that was not initialised is taken");
        if (__builtin_expect((locks_held.classes & lock->class->unknown) != 0, 0))
            locks_learn(lock->class, caller);
    }
}

/* It has taken the lock. */
SITE_OF_CALLER void locks_acquired(struct lock_check *lock, uintptr_t caller)
{
    if (CONFIG_DEBUG_CHECKS) {
        lock->caller = caller;
        lock->outer = locks_held.sleeping;
        locks_held.sleeping = lock;
        locks_held.classes |= lock->class->bit;
    }
}

/* It is about to release the lock, usually the last taken. */
SITE_OF_CALLER void locks_releasing(struct lock_check *lock)
{
    if (CONFIG_DEBUG_CHECKS) {
        if (__builtin_expect(locks_held.sleeping != lock, 0)) {
            locks_release_outer(lock);
        } else {
            locks_held.sleeping = lock->outer;
            locks_held.classes ^= lock->class->bit;
        }
    }
}

/* Report a process that sleeps in spite of what it holds, or of interrupts that were off. */
void locks_report_sleep(const struct lock_class *allowed, bool interrupts_were_on);

/* The current process sleeps: it may hold `allowed` and no other spinlock. */
static inline void locks_check_sleep(const struct lock_class *allowed, bool interrupts_were_on)
{
    uint32_t forbidden = LOCKS_HANDLER | (locks_spinning & ~allowed->bit);
    if (__builtin_expect((locks_held.classes & forbidden) != 0 || !interrupts_were_on, 0))
        locks_report_sleep(allowed, interrupts_were_on);
}

/* Report a process that does `what` with a lock held. */
void locks_report_held(const char *what);

/* The current process does `what` ("ends", ...): it may hold no lock. */
static inline void locks_check_none(const char *what)
{
    if (__builtin_expect(locks_held.classes != LOCKS_ALWAYS, 0))
        locks_report_held(what);
}

/* A handler begins, with no lock held. Returns the interrupted context's, for locks_handler_ends(). */
struct locks_held locks_handler_begins(void);
void locks_handler_ends(struct locks_held interrupted);

#endif
