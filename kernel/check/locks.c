/* SPDX-License-Identifier: MIT */
/*
 * locks - a graph of classes: an arrow from each lock to those that were taken while it was held.
 *
 * The arrows into a class are its mask `after`; beside each we keep where both locks were taken and
 * by whom when the arrow was first seen. A new arrow that closes a ring is the report: some order of
 * events, even if it was never seen, leaves everybody in the ring waiting for ever.
 */
#include "check/locks.h"

#include "dev/console.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define CLASSES_MAX 16

struct arrow {
    uintptr_t held_site, taken_site;
    int pid;
};

struct locks_held locks_held = {.classes = LOCKS_ALWAYS};
uint32_t locks_spinning;

static struct lock_class *classes[CLASSES_MAX];
static unsigned classes_n;
static struct arrow arrows[CLASSES_MAX][CLASSES_MAX]; /* [held][taken] */

static unsigned number_of(const struct lock_class *class)
{
    return (unsigned)__builtin_ctz(class->bit);
}

static void add_class(struct lock_class *class)
{
    if (classes_n == CLASSES_MAX)
        rule_broken("more than %u classes of locks: enlarge CLASSES_MAX", CLASSES_MAX);
    class->bit = BIT(classes_n);
    class->unknown &= ~(class->sleeps ? LOCKS_ALWAYS : LOCKS_ALWAYS | LOCKS_HANDLER);
    classes[classes_n++] = class;
    if (!class->sleeps)
        locks_spinning |= class->bit;
}

/* Where the lock of this class was taken that is held now. */
static uintptr_t held_site(const struct lock_class *class)
{
    if (!class->sleeps)
        return class->site;
    const struct lock_note *note = locks_held.notes;
    while (note != NULL && note->class != class)
        note = note->outer;
    return note == NULL ? 0 : note->site;
}

static void print_site(const char *when, const char *name, uintptr_t site)
{
    kprintf("    %s %s taken at ", when, name);
    backtrace_print_site(site);
    kprintf("\n");
}

static void print_arrow(unsigned held, unsigned taken)
{
    const struct arrow *arrow = &arrows[held][taken];
    kprintf("  pid %d:\n", arrow->pid);
    print_site("with", classes[held]->name, arrow->held_site);
    print_site("then", classes[taken]->name, arrow->taken_site);
}

/* Go back from `to`, arrow by arrow, until `from` is found; next[n] is then one step from n towards `to`. */
static bool find_way(unsigned from, unsigned to, uint8_t next[])
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

/* `taken` is being taken with `held` held for the first time: no way may lead from `taken` to `held`. */
static void add_arrow(struct lock_class *held, struct lock_class *taken, uintptr_t site)
{
    uint8_t next[CLASSES_MAX];
    unsigned from = number_of(taken), to = number_of(held);
    bool ring = find_way(from, to, next);
    arrows[to][from] = (struct arrow){held_site(held), site, trace_pid()};
    taken->unknown &= ~held->bit;
    if (!ring)
        return;
    rule_begin("lock order: %s is taken with %s held, which can be waiting for it", taken->name, held->name);
    print_arrow(to, from);
    kprintf("  but before:\n");
    for (unsigned at = from; at != to; at = next[at])
        print_arrow(at, next[at]);
    rule_end();
}

/* The spinlocks held besides those of `allowed`, one a line. */
static void print_spinlocks(uint32_t allowed)
{
    for (unsigned i = 0; i < classes_n; i++)
        if ((locks_held.classes & locks_spinning & ~allowed & BIT(i)) != 0)
            print_site("with", classes[i]->name, classes[i]->site);
}

static const char *why_no_sleep(uint32_t allowed, bool interrupts_on)
{
    if ((locks_held.classes & LOCKS_HANDLER) != 0)
        return "in an interrupt handler";
    if ((locks_held.classes & locks_spinning & ~allowed) != 0)
        return "with a spinlock held";
    return interrupts_on ? NULL : "with interrupts off";
}

static void check_may_wait(const struct lock_class *class, uintptr_t site)
{
    const char *why_not = why_no_sleep(0, true);
    if (why_not == NULL)
        return;
    rule_begin("%s, whose taker may have to sleep, is taken %s", class->name, why_not);
    print_site("now", class->name, site);
    print_spinlocks(0);
    rule_end();
}

static void report_twice(const struct lock_class *class, uintptr_t site)
{
    rule_begin("%s is taken by pid %d, which has it, or another of its kind", class->name, trace_pid());
    print_site("now", class->name, site);
    print_site("before", class->name, held_site(class));
    rule_end();
}

void locks_learn(struct lock_class *class, uintptr_t site)
{
    if (class->bit == 0)
        add_class(class);
    if (class->sleeps)
        check_may_wait(class, site);
    if ((locks_held.classes & class->bit) != 0)
        report_twice(class, site);
    for (unsigned i = 0; i < classes_n; i++)
        if ((locks_held.classes & class->unknown & BIT(i)) != 0)
            add_arrow(classes[i], class, site);
}

void locks_spin_misused(const struct lock_class *class, uintptr_t site, const char *how)
{
    rule_begin("lock %s %s", class->name, how);
    print_site("now", class->name, site);
    if (class->site != 0)
        print_site("before", class->name, class->site);
    rule_end();
}

void locks_drop(struct lock_note *note)
{
    struct lock_note **link = &locks_held.notes;
    while (*link != NULL && *link != note)
        link = &(*link)->outer;
    if (*link == NULL) {
        rule_begin("%s is released by pid %d, which does not hold it", note->class->name, trace_pid());
        print_site("before", note->class->name, note->site);
        rule_end();
    }
    *link = note->outer;
    locks_held.classes ^= note->class->bit;
}

void locks_check_sleep(const struct lock_class *allowed, bool interrupts_were_on)
{
    const char *why_not = why_no_sleep(allowed->bit, interrupts_were_on);
    if (why_not == NULL)
        return;
    rule_begin("pid %d sleeps %s", trace_pid(), why_not);
    print_spinlocks(interrupts_were_on ? allowed->bit : 0);
    rule_end();
}

void locks_check_none(const char *what)
{
    if (locks_held.classes == LOCKS_ALWAYS)
        return;
    rule_begin("pid %d %s with a lock held", trace_pid(), what);
    print_spinlocks(0);
    for (const struct lock_note *note = locks_held.notes; note != NULL; note = note->outer)
        print_site("with", note->class->name, note->site);
    rule_end();
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
