/* SPDX-License-Identifier: MIT */
/*
 * sleep - a red-black tree of sleeping processes, ordered by wake-up tick. A tick looks only at the first
 * ones, and wakes a limited number of them, which bounds the time with interrupts off.
 */
#include "proc/sleep.h"

#include "lib/util.h"
#include "proc/sched.h"
#include "watch/trace.h"

#define WAKES_AT_ONCE 64

static uint64_t ticks_now;
static struct rb_root timers;
static struct rb_node *soonest;
static struct waitq sleepers = {LIST_INIT(sleepers.sleepers)};

static struct proc *of_node(struct rb_node *node)
{
    return rb_entry(node, struct proc, timer);
}

static void arm(struct proc *proc, uint64_t wake_tick)
{
    struct rb_node **link = &timers.node, *parent = NULL;
    uint64_t first = soonest == NULL ? wake_tick : MIN(of_node(soonest)->wake_tick, wake_tick);
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[of_node(parent)->wake_tick <= wake_tick ? RB_RIGHT : RB_LEFT];
    }
    proc->wake_tick = wake_tick;
    proc->timer_armed = true;
    rb_insert(&timers, parent, link, &proc->timer);
    soonest = rb_first(&timers);
    RULE(of_node(soonest)->wake_tick == first,
         "the timer wakes pid %d \"%s\" first, at tick %u, but a process sleeps until tick %u: arm()",
         of_node(soonest)->pid, of_node(soonest)->name, (unsigned)of_node(soonest)->wake_tick,
         (unsigned)first);
}

static void disarm(struct proc *proc)
{
    rb_erase(&timers, &proc->timer);
    proc->timer_armed = false;
    soonest = rb_first(&timers);
}

void timer_start(uint64_t ticks)
{
    ticks_now = ticks;
}

uint64_t timer_ticks(void)
{
    uint32_t eflags = cpu_irq_save(); /* the interrupt handler changes both words */
    uint64_t ticks = ticks_now;
    cpu_irq_restore(eflags);
    return ticks;
}

void timer_wake_due(void)
{
    for (int i = 0; i < WAKES_AT_ONCE && soonest != NULL && of_node(soonest)->wake_tick <= ticks_now; i++) {
        struct proc *proc = of_node(soonest);
        disarm(proc);
        wakeup_proc(proc);
        RULE(proc->state != PROC_SLEEPING,
             "the time of pid %d \"%s\" is over, but it still sleeps: wakeup_proc()", proc->pid, proc->name);
    }
}

void timer_tick(void)
{
    uint64_t before = ticks_now;
    trace_tick();
    ticks_now++;
    RULE(ticks_now == before + 1, "the timer ticked, but the time stands still at %u: ticks_now",
         (unsigned)before);
    spin_take(&sched_lock);
    timer_wake_due();
    spin_release(&sched_lock);
}

void timer_arm(uint64_t ticks)
{
    arm(current, ticks_now + ticks);
}

void timer_disarm(void)
{
    disarm(current);
}

int do_sleep(uint32_t ticks)
{
    int error = 0;
    if (ticks == 0)
        return 0;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    timer_arm(ticks);
    while (error == 0 && current->timer_armed)
        error = waitq_sleep(&sleepers, true);
    if (current->timer_armed)
        disarm(current);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}
