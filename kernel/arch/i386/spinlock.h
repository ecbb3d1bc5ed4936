/* SPDX-License-Identifier: MIT */
/*
 * spinlock - short exclusion: between interrupt handlers and the rest, and later between CPUs.
 *
 * With one CPU whose kernel code is not preempted, a lock that no interrupt handler takes costs
 * nothing; one that a handler takes switches interrupts off. Checking builds watch the rules of
 * check/locks.h, and that an irq lock is always taken with interrupts off, another never.
 */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "check/locks.h"
#include "check/peak.h"
#include "check/races.h"
#include "config.h"

struct spinlock {
    struct lock_class class;
    bool irq;             /* an interrupt handler takes it too */
    uint32_t eflags_were; /* before it was taken: whether interrupts were on */
    uint32_t since;       /* the time stamp counter when it was taken */
};

#define SPINLOCK(text)                   \
    {                                    \
        .class = LOCK_CLASS(text, false) \
    }
#define SPINLOCK_IRQ(text)                            \
    {                                                 \
        .class = LOCK_CLASS(text, false), .irq = true \
    }

/* Few instructions, for it happens all the time: what they find wrong is looked at again by others. */
SITE_OF_CALLER void spin_note_taken(struct spinlock *lock, uint32_t eflags)
{
    struct lock_class *class = &lock->class;
    if (__builtin_expect((locks_held.classes & class->unknown) != 0, 0))
        locks_learn(class, cpu_here());
    if ((locks_held.classes & LOCKS_HANDLER) == 0)
        races_ordered();
    locks_held.classes |= class->bit;
    cpu_store_here(&class->site);
    lock->eflags_were = eflags;
    lock->since = cpu_tsc_low();
}

/* Interrupts are as the lock wants them: off exactly for irq locks. */
SITE_OF_CALLER void spin_take(struct spinlock *lock)
{
    if (CONFIG_DEBUG_CHECKS) {
        uint32_t eflags = cpu_eflags();
        if (lock->irq == ((eflags & EFLAGS_IF) != 0))
            locks_spin_misused(&lock->class, cpu_here(),
                               lock->irq ? "is taken with interrupts on" : "is not for interrupt handlers");
        spin_note_taken(lock, eflags);
    }
}

SITE_OF_CALLER void spin_release(struct spinlock *lock)
{
    if (CONFIG_DEBUG_CHECKS) {
        uint32_t bit = lock->class.bit;
        locks_held.classes ^= bit;
        if (__builtin_expect((locks_held.classes & bit) != 0 || bit == 0, 0))
            locks_spin_misused(&lock->class, cpu_here(), "is released by somebody who does not hold it");
        if (peak_irq_off_is_new(cpu_tsc_low() - lock->since) && lock->irq)
            peak_irq_off_raise(cpu_tsc_low() - lock->since, lock->class.site);
    }
}

/* For an irq lock: interrupts off, then take it; what it returns goes to spin_unlock_irqrestore(). */
SITE_OF_CALLER uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t eflags = cpu_irq_save();
    if (CONFIG_DEBUG_CHECKS)
        spin_note_taken(lock, eflags);
    return eflags;
}

SITE_OF_CALLER void spin_unlock_irqrestore(struct spinlock *lock, uint32_t eflags)
{
    spin_release(lock);
    cpu_irq_restore(eflags);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
    return !CONFIG_DEBUG_CHECKS || (locks_held.classes & lock->class.bit) != 0;
}

#endif
