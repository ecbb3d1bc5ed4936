/* SPDX-License-Identifier: MIT */
/*
 * sleep.c: a sleeping process is woken in its tick, and not at all after it was killed.
 *
 * The test has one thread: when a process sleeps, the next one starts to sleep, and the last one runs the
 * timer until all are awake.
 */
#include <ucow/errno.h>

#include "host_sched.h"
#include "proc/sleep.h"

#define PROCS 150
#define AT_ONCE 64 /* sleep.h */

static unsigned traced; /* ticks */

void trace_tick(void)
{
    traced++;
}

static struct proc procs[PROCS];
static uint64_t woken_at[PROCS]; /* in ticks; 0 if not woken yet */
static int started, false_alarms, killed_at;
static unsigned delay[PROCS];
static uint64_t begin;
static bool idle_runs;   /* idle runs after each tick */
static uint64_t skip_to; /* the tick that follows, once all sleep; 0: the next */

void wakeup_proc(struct proc *proc)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK(proc >= procs && proc < procs + PROCS);
    CHECK_EQ(woken_at[proc - procs], 0);
    CHECK(!proc->timer_armed); /* it may run at once, and sleep again */
    woken_at[proc - procs] = timer_ticks();
}

static void tick(void)
{
    struct locks_held locks = locks_handler_begins();
    unsigned before = traced;
    host_interrupts_on = false;
    timer_tick();
    CHECK_EQ(traced, before + 1);
    host_interrupts_on = true;
    locks_handler_ends(locks);
    for (int i = 0; idle_runs && i < PROCS / AT_ONCE; i++) {
        spin_lock_irqsave(&sched_lock);
        timer_wake_due();
        spin_unlock_irqrestore(&sched_lock, true);
    }
}

static int sleep_as(int number)
{
    current = &procs[number];
    started++;
    return do_sleep(delay[number]);
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    int me = (int)(current - procs);

    CHECK(killable && list_empty(&queue->sleepers));
    spin_unlock_irqrestore(&sched_lock, true);
    if (false_alarms > 0) {
        false_alarms--;
    } else if (started < PROCS && delay[started] != 0) {
        CHECK_EQ(sleep_as(started), 0);
    } else {
        if (skip_to != 0)
            timer_start(skip_to);
        for (uint64_t now = timer_ticks(), end = now + 100; now < end && me != killed_at; now++)
            tick();
    }
    current = &procs[me];
    spin_lock_irqsave(&sched_lock);
    return me == killed_at ? -E_KILLED : 0;
}

/* Let processes start to sleep in the same tick, one per delay up to the first 0. */
static int sleep_all(const unsigned (*delays)[PROCS])
{
    for (int i = 0; i < PROCS; i++) {
        procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = i};
        woken_at[i] = 0;
        delay[i] = (*delays)[i];
    }
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    started = 0;
    begin = timer_ticks();
    return sleep_as(0);
}

static void start(void)
{
    idle_runs = false;
    false_alarms = 0;
    skip_to = 0;
    killed_at = -1;
}

TEST(no_time_is_no_sleep)
{
    start();
    CHECK_EQ(sleep_all(&(const unsigned[PROCS]){0}), 0);
    CHECK_EQ(timer_ticks(), begin);
}

TEST(everybody_is_woken_in_its_tick)
{
    const unsigned delays[PROCS] = {7, 3, 9, 3, 1, 50};

    start();
    CHECK_EQ(sleep_all(&delays), 0);
    CHECK_EQ(timer_ticks(), begin + 100);
    for (int i = 0; i < PROCS; i++)
        CHECK_EQ(woken_at[i], begin + delays[i]);
}

/* Ticks have 64 bits: the order of sleepers is kept where 31 and 32 bits end. (D97) */
TEST(sleepers_wake_in_time_where_narrow_counters_wrap)
{
    const unsigned delays[PROCS] = {7, 3, 60, 20};
    const uint64_t wraps[] = {1ull << 31, 1ull << 32};

    for (unsigned i = 0; i < 2; i++) {
        start();
        timer_start(wraps[i] - 10);
        CHECK_EQ(sleep_all(&delays), 0);
        CHECK_EQ(timer_ticks(), wraps[i] + 90);
        for (int n = 0; n < 4; n++)
            CHECK_EQ(woken_at[n], wraps[i] - 10 + delays[n]);
    }
}

/* 497 days, from a tick that has no room in 32 bits. (D97) */
TEST(the_longest_sleep_ends_in_its_tick)
{
    start();
    timer_start((1ull << 32) - 5);
    skip_to = (1ull << 33) - 50;
    CHECK_EQ(sleep_all(&(const unsigned[PROCS]){UINT32_MAX}), 0);
    CHECK_EQ(woken_at[0], (1ull << 33) - 6);
}

TEST(a_sleeper_woken_too_early_sleeps_on)
{
    start();
    false_alarms = 2;
    CHECK_EQ(sleep_all(&(const unsigned[PROCS]){4}), 0);
    CHECK_EQ(woken_at[0], begin + 4);
}

/* D76: a tick wakes a limited number of processes, since interrupts are off meanwhile. */
TEST(a_tick_wakes_so_many_and_leaves_the_rest_to_the_next)
{
    unsigned delays[PROCS];

    for (int i = 0; i < PROCS; i++)
        delays[i] = 5;
    start();
    CHECK_EQ(sleep_all(&delays), 0);
    for (int i = 0; i < PROCS; i++)
        CHECK_EQ(woken_at[i], begin + 5 + (unsigned)i / AT_ONCE);
}

/* Idle wakes the others without waiting for the next tick. */
TEST(sleepers_left_over_are_woken_when_no_process_runs)
{
    unsigned delays[PROCS];

    for (int i = 0; i < PROCS; i++)
        delays[i] = 5;
    start();
    idle_runs = true;
    CHECK_EQ(sleep_all(&delays), 0);
    for (int i = 0; i < PROCS; i++)
        CHECK_EQ(woken_at[i], begin + 5);
}

TEST(reading_the_clock_leaves_interrupts_as_they_were)
{
    timer_ticks();
    CHECK(host_interrupts_on);
    host_interrupts_on = false;
    timer_ticks();
    CHECK(!host_interrupts_on);
    host_interrupts_on = true;
}

/* D84 */
TEST(a_killed_sleeper_leaves_no_timer)
{
    start();
    killed_at = 0;
    CHECK_EQ(sleep_all(&(const unsigned[PROCS]){4}), -E_KILLED);
    CHECK(!procs[0].timer_armed);
    for (int i = 0; i < 10; i++)
        tick();
    CHECK_EQ(woken_at[0], 0);
}

/* Process `i` begins or ends to wait until so many ticks have passed. */
static void set_timer(int i, unsigned ticks)
{
    current = &procs[i];
    spin_lock_irqsave(&sched_lock);
    if (ticks != 0)
        timer_arm(ticks);
    else
        timer_disarm();
    CHECK_EQ(procs[i].timer_armed, ticks != 0);
    spin_unlock_irqrestore(&sched_lock, true);
}

TEST(a_timer_that_was_disarmed_wakes_no_one_and_the_others_go_on)
{
    for (int disarmed = 0; disarmed < 5; disarmed++) {
        start();
        for (int i = 0; i < 5; i++) {
            procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = i};
            woken_at[i] = 0;
        }
        locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
        begin = timer_ticks();
        for (int i = 0; i < 5; i++)
            set_timer(i, 3 + (unsigned)i);
        set_timer(disarmed, 0);
        for (int i = 0; i < 10; i++)
            tick();
        for (int i = 0; i < 5; i++)
            CHECK_EQ(woken_at[i], i == disarmed ? 0 : begin + 3 + (unsigned)i);
    }
}
