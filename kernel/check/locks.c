/* SPDX-License-Identifier: MIT */
/*
 * locks - a graph of lock classes, with an edge from A to B if a B was ever taken while an A was held.
 *
 * The edges into a class are the zeros of its mask `unknown`. For each edge we keep where both locks were
 * taken, and by which process, when it was first seen. A new edge that closes a cycle is reported: some
 * order of events, even if it never happened, makes all processes in the cycle wait forever.
 */
#include "check/locks.h"

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define CLASSES_MAX 16

struct edge {
    uintptr_t held_caller, taken_caller;
    int pid;
};

struct locks_held locks_held = {.classes = LOCKS_ALWAYS};
uint32_t locks_spinning;

static struct lock_class *classes[CLASSES_MAX];
static unsigned classes_n;
static struct edge edges[CLASSES_MAX][CLASSES_MAX]; /* [held][taken] */

static unsigned number_of(const struct lock_class *class)
{
    return (unsigned)__builtin_ctz(class->bit);
}

static void add_class(struct lock_class *class)
{
    if (classes_n == CLASSES_MAX)
        check_failed("more than %u classes of locks: enlarge CLASSES_MAX", CLASSES_MAX);
    class->bit = BIT(classes_n);
    class->unknown &= ~(class->sleeps ? LOCKS_ALWAYS : LOCKS_ALWAYS | LOCKS_HANDLER);
    classes[classes_n++] = class;
    if (!class->sleeps)
        locks_spinning |= class->bit;
}

/* Where the held lock of this class was taken. */
static uintptr_t held_caller(const struct lock_class *class)
{
    if (!class->sleeps)
        return class->caller;
    const struct lock_check *lock = locks_held.sleeping;
    while (lock != NULL && lock->class != class)
        lock = lock->outer;
    return lock == NULL ? 0 : lock->caller;
}

static void print_caller(const char *when, const char *name, uintptr_t caller)
{
    kprintf("    %s %s taken at ", when, name);
    backtrace_print_caller(caller);
    kprintf("\n");
}

static void print_edge(unsigned held, unsigned taken)
{
    const struct edge *edge = &edges[held][taken];
    kprintf("  pid %d:\n", edge->pid);
    print_caller("with", classes[held]->name, edge->held_caller);
    print_caller("then", classes[taken]->name, edge->taken_caller);
}

/* Search backwards from `to` for `from`. On success next[n] is the edge from n on a path to `to`. */
static bool find_path(unsigned from, unsigned to, uint8_t next[])
{
    uint32_t seen = BIT(to), fresh = BIT(to);
    while (fresh != 0) {
        unsigned at = (unsigned)__builtin_ctz(fresh);
        fresh &= fresh - 1;
        if (at == from)
            return true;
        for (unsigned before = 0; before < classes_n; before++) {
            if ((~classes[at]->unknown & BIT(before) & ~seen) == 0)
                continue;
            seen |= BIT(before);
            fresh |= BIT(before);
            next[before] = (uint8_t)at;
        }
    }
    return false;
}

/* `taken` is taken with `held` held for the first time: report a path from `taken` to `held`. */
static void add_edge(struct lock_class *held, struct lock_class *taken, uintptr_t caller)
{
    uint8_t next[CLASSES_MAX];
    unsigned from = number_of(taken), to = number_of(held);
    bool cycle = find_path(from, to, next);
    edges[to][from] = (struct edge){held_caller(held), caller, trace_pid()};
    taken->unknown &= ~held->bit;
    if (!cycle)
        return;
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "lock order: %s is taken with %s held, which can be waiting for it", taken->name,
                 held->name);
    print_edge(to, from);
    kprintf("  but before:\n");
    for (unsigned at = from; at != to; at = next[at])
        print_edge(at, next[at]);
    report_end(&report);
}

/* Print the held spinlocks but those of `allowed`, one a line. */
static void print_spinlocks(uint32_t allowed)
{
    for (unsigned i = 0; i < classes_n; i++)
        if ((locks_held.classes & locks_spinning & ~allowed & BIT(i)) != 0)
            print_caller("with", classes[i]->name, classes[i]->caller);
}

static const char *why_no_sleep(uint32_t allowed, bool interrupts_on)
{
    if ((locks_held.classes & LOCKS_HANDLER) != 0)
        return "in an interrupt handler";
    if ((locks_held.classes & locks_spinning & ~allowed) != 0)
        return "with a spinlock held";
    return interrupts_on ? NULL : "with interrupts off";
}

static void check_may_wait(const struct lock_class *class, uintptr_t caller)
{
    const char *why_not = why_no_sleep(0, true);
    if (why_not == NULL)
        return;
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "%s, whose taker may have to sleep, is taken %s", class->name, why_not);
    print_caller("now", class->name, caller);
    print_spinlocks(0);
    report_end(&report);
}

static void report_twice(const struct lock_class *class, uintptr_t caller)
{
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "%s is taken by pid %d, which has it, or another of its kind", class->name,
                 trace_pid());
    print_caller("now", class->name, caller);
    print_caller("before", class->name, held_caller(class));
    report_end(&report);
}

void locks_learn(struct lock_class *class, uintptr_t caller)
{
    if (class->bit == 0)
        add_class(class);
    if (class->sleeps)
        check_may_wait(class, caller);
    if ((locks_held.classes & class->bit) != 0)
        report_twice(class, caller);
    for (unsigned i = 0; i < classes_n; i++)
        if ((locks_held.classes & class->unknown & BIT(i)) != 0)
            add_edge(classes[i], class, caller);
}

void locks_spin_misused(const struct lock_class *class, uintptr_t caller, const char *how)
{
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "lock %s %s", class->name, how);
    print_caller("now", class->name, caller);
    if (class->caller != 0)
        print_caller("before", class->name, class->caller);
    report_end(&report);
}

void locks_release_outer(struct lock_check *lock)
{
    struct lock_check **link = &locks_held.sleeping;
    while (*link != NULL && *link != lock)
        link = &(*link)->outer;
    if (*link == NULL) {
        const struct report report = REPORT_HERE(REPORT_CHECK);
        report_begin(&report, "%s is released by pid %d, which does not hold it", lock->class->name,
                     trace_pid());
        print_caller("before", lock->class->name, lock->caller);
        report_end(&report);
    }
    *link = lock->outer;
    locks_held.classes ^= lock->class->bit;
}

void locks_report_sleep(const struct lock_class *allowed, bool interrupts_were_on)
{
    const char *why_not = why_no_sleep(allowed->bit, interrupts_were_on);
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "pid %d sleeps %s", trace_pid(), why_not);
    print_spinlocks(interrupts_were_on ? allowed->bit : 0);
    report_end(&report);
}

void locks_report_held(const char *what)
{
    const struct report report = REPORT_HERE(REPORT_CHECK);
    report_begin(&report, "pid %d %s with a lock held", trace_pid(), what);
    print_spinlocks(0);
    for (const struct lock_check *lock = locks_held.sleeping; lock != NULL; lock = lock->outer)
        print_caller("with", lock->class->name, lock->caller);
    report_end(&report);
}

struct locks_held locks_handler_begins(void)
{
    struct locks_held interrupted = locks_held;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS | LOCKS_HANDLER};
    return interrupted;
}

void locks_handler_ends(struct locks_held interrupted)
{
    locks_held.classes ^= LOCKS_HANDLER;
    locks_check_none("returns from an interrupt handler");
    locks_held = interrupted;
}
