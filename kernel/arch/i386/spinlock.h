/*
 * spinlock - short exclusion: between interrupt handlers and the rest, and later between CPUs.
 *
 * With one CPU whose kernel code is not preempted, a lock that no interrupt handler takes costs
 * nothing; one that a handler takes switches interrupts off. Checking builds verify the rules:
 * a lock is not taken twice, only its holder releases it, an irq lock is always taken with
 * interrupts off, and nobody sleeps with a lock held (sched.c asks spin_held_count).
 */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "config.h"
#include "debug/assert.h"

struct spinlock {
    const char *name;
    bool irq; /* an interrupt handler takes it too */
    bool held;
};

#define SPINLOCK(text) \
    {                  \
        .name = (text) \
    }
#define SPINLOCK_IRQ(text)          \
    {                               \
        .name = (text), .irq = true \
    }

/* Locks held now (checking builds). */
extern unsigned spin_held_count;

static inline void spin_take(struct spinlock *lock)
{
    if (CONFIG_DEBUG_CHECKS) {
        if (lock->held || lock->irq != !cpu_irq_enabled())
            panic(lock->held ? "lock %s taken twice"
                             : "lock %s: interrupts must be off exactly for irq locks",
                  lock->name);
        lock->held = true;
        spin_held_count++;
    }
}

static inline void spin_release(struct spinlock *lock)
{
    if (CONFIG_DEBUG_CHECKS) {
        if (!lock->held)
            panic("lock %s released but not held", lock->name);
        lock->held = false;
        spin_held_count--;
    }
}

/* For an irq lock: interrupts off, then take it; what it returns goes to spin_unlock_irq(). */
static inline uint32_t spin_lock_irq(struct spinlock *lock)
{
    uint32_t eflags = cpu_irq_save();
    spin_take(lock);
    return eflags;
}

static inline void spin_unlock_irq(struct spinlock *lock, uint32_t eflags)
{
    spin_release(lock);
    cpu_irq_restore(eflags);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
    return !CONFIG_DEBUG_CHECKS || lock->held;
}

#endif
