/* SPDX-License-Identifier: MIT */
/*
 * locks - the rules of all locks, spinning and sleeping, watched by checking builds.
 *
 *   order    if A was ever taken with B held, B is never taken with A held, nor around corners
 *   owner    who releases a lock is who took it: the same process, or the same interrupt handler
 *   sleep    nobody sleeps, or takes a lock that sleeps, with a spinlock held, with interrupts off
 *            or in a handler; nobody ends or goes to user mode with a lock
 *   time     a spinlock that keeps interrupts out is held for a few ticks at most (check/peak.h)
 *
 * The order is kept by class, that is by what a lock is for: all address spaces have one. A lock's
 * fast path compares two masks; everything else happens when a new pair of classes is seen.
 * In other builds none of this exists.
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
    bool sleeps;      /* who waits for it sleeps */
    uint32_t bit;     /* its own, from its first use on */
    uint32_t unknown; /* what has not yet been held when one of this class was taken */
    uintptr_t site;   /* a spinlock's: where it was last taken */
};

#define LOCK_CLASS(text, does_sleep)                                  \
    {                                                                 \
        .name = (text), .sleeps = (does_sleep), .unknown = UINT32_MAX \
    }

/* What a sleeping lock needs besides its class, which all locks made at one place share. */
struct lock_note {
    struct lock_class *class;
    struct lock_note *outer; /* taken before it by the same process, and still held */
    uintptr_t site;          /* where it was last taken */
};

/* The note of a lock that is made before any code runs, or now, with a class of its own. */
#if CONFIG_DEBUG_CHECKS
#define LOCK_NOTE_INIT(text)                                \
    {                                                       \
        .class = &(struct lock_class)LOCK_CLASS(text, true) \
    }
#define LOCK_NOTE_MAKE(where, text)                               \
    do {                                                          \
        static struct lock_class class_ = LOCK_CLASS(text, true); \
        *(where) = (struct lock_note){.class = &class_};          \
    } while (0)
#else
#define LOCK_NOTE_INIT(text) \
    {                        \
    }
#define LOCK_NOTE_MAKE(where, text) \
    do {                            \
    } while (0)
#endif

/* The locks of one process, or of one interrupt handler. */
struct locks_held {
    uint32_t classes;        /* their bits, and LOCKS_ALWAYS */
    struct lock_note *notes; /* the sleeping ones, the last taken first */
};

/* Of no lock. Everybody holds the first: so a class that has never been taken meets something unknown. The
 * second is held by an interrupt handler; a lock that sleeps never gets to know it. */
#define LOCKS_ALWAYS 0x80000000u
#define LOCKS_HANDLER 0x40000000u

extern struct locks_held locks_held; /* of who runs */
extern uint32_t locks_spinning;      /* bits of the classes that do not sleep */

/* A lock of `class` is taken with something in `locks_held` that is new to it: learn the order, or report
 * what is wrong with it. */
void locks_learn(struct lock_class *class, uintptr_t site);

/* A spinlock is taken, or released, against the rules: say how. */
_Noreturn void locks_spin_misused(const struct lock_class *class, uintptr_t site,
                                  const char *how) PANIC_CALLS;

/* The current process gives back a sleeping lock that is not the last it took. */
void locks_drop(struct lock_note *note);

#if CONFIG_DEBUG_CHECKS
/* The current process is about to take a sleeping lock, at `site`: ask before it may have to wait. */
SITE_OF_CALLER void locks_before(struct lock_note *note, uintptr_t site)
{
    RULE(note->class != NULL, "a sleeping lock that nobody initialised is taken");
    if (__builtin_expect((locks_held.classes & note->class->unknown) != 0, 0))
        locks_learn(note->class, site);
}

/* It has it. */
SITE_OF_CALLER void locks_taken(struct lock_note *note, uintptr_t site)
{
    note->site = site;
    note->outer = locks_held.notes;
    locks_held.notes = note;
    locks_held.classes |= note->class->bit;
}

/* It gives it back. The last taken is mostly the first given back. */
SITE_OF_CALLER void locks_given_back(struct lock_note *note)
{
    if (__builtin_expect(locks_held.notes != note, 0)) {
        locks_drop(note);
        return;
    }
    locks_held.notes = note->outer;
    locks_held.classes ^= note->class->bit;
}
#else
SITE_OF_CALLER void locks_before(struct lock_note *note, uintptr_t site)
{
    (void)note, (void)site;
}

SITE_OF_CALLER void locks_taken(struct lock_note *note, uintptr_t site)
{
    (void)note, (void)site;
}

SITE_OF_CALLER void locks_given_back(struct lock_note *note)
{
    (void)note;
}
#endif

/* The current process sleeps, with `allowed` held and no other spinlock. */
void locks_check_sleep(const struct lock_class *allowed, bool interrupts_were_on);

/* The current process does `what` ("ends", ...) and holds no lock. */
void locks_check_none(const char *what);

/* A handler begins with no lock, whoever it interrupts: returns what locks_handler_ends() wants back. */
struct locks_held locks_handler_begins(void);
void locks_handler_ends(struct locks_held interrupted);

#endif
