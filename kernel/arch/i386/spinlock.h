/* SPDX-License-Identifier: MIT */
/*
 * spinlock - short exclusion between interrupt handlers and the rest of the kernel; later between CPUs.
 *
 * On one CPU, whose kernel code is not preempted, a lock that no interrupt handler takes costs nothing, and
 * one that a handler takes disables interrupts. Checking builds enforce the rules of check/locks.h, and that
 * an irq lock is taken only with interrupts off and any other lock only with interrupts on.
 */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "check/hooks.h"

struct spinlock {
    struct lock_class class;
    bool irq; /* interrupt handlers take it too */
};

#define SPINLOCK(text)                   \
    {                                    \
        .class = LOCK_CLASS(text, false) \
    }
#define SPINLOCK_IRQ(text)                            \
    {                                                 \
        .class = LOCK_CLASS(text, false), .irq = true \
    }

/* Take the lock. Interrupts must be off if it is an irq lock, else on. */
SITE_OF_CALLER void spin_take(struct spinlock *lock)
{
    check_spin_take(&lock->class, lock->irq);
}

/* Release the lock. */
SITE_OF_CALLER void spin_release(struct spinlock *lock)
{
    check_spin_release(&lock->class, lock->irq);
}

/* Disable interrupts and take an irq lock. Returns EFLAGS for spin_unlock_irqrestore(). */
SITE_OF_CALLER uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t eflags = cpu_irq_save();
    check_spin_taken(&lock->class, eflags);
    return eflags;
}

SITE_OF_CALLER void spin_unlock_irqrestore(struct spinlock *lock, uint32_t eflags)
{
    check_spin_release(&lock->class, true);
    cpu_irq_restore(eflags);
}

/* The same for a caller that has interrupts on. */
SITE_OF_CALLER void spin_lock_irq(struct spinlock *lock)
{
    ASSERT(cpu_irq_enabled());
    cpu_cli();
    check_spin_taken(&lock->class, EFLAGS_IF);
}

SITE_OF_CALLER void spin_unlock_irq(struct spinlock *lock)
{
    check_spin_release(&lock->class, true);
    cpu_sti();
}

/* Whether it is held, in checking builds; true in others. For assertions. */
static inline bool spin_is_held(const struct spinlock *lock)
{
    return check_is_held(&lock->class);
}

#endif
