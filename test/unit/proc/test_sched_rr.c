/* SPDX-License-Identifier: MIT */
/*
 * sched_rr.c: first come, first served, and turns of equal length.
 */
#include "sched_contract.h"

#define PROCS 5
#define TURN 5 /* ticks */

static void start(void)
{
    start_procs(PROCS);
}

/* How many ticks there are to the end of the turn. */
static int ticks_left(struct proc *proc)
{
    int ticks = 1;
    while (!policy_tick(proc))
        ticks++;
    return ticks;
}

TEST(the_first_in_the_queue_is_next)
{
    start();
    CHECK(!policy_waiting());
    CHECK_EQ(policy_pick(), NULL);
    for (int i = 0; i < PROCS; i++)
        policy_enqueue(&procs[i]);
    for (int i = 0; i < 2 * PROCS; i++) {
        CHECK(policy_waiting());
        struct proc *proc = policy_pick();
        CHECK_EQ(proc, &procs[i % PROCS]);
        proc->slice_ticks = 0; /* it yields */
        policy_enqueue(proc);
    }
}

TEST(everybody_has_the_same_turn)
{
    start();
    for (int round = 0; round < 3; round++) {
        policy_enqueue(&procs[0]);
        CHECK_EQ(policy_pick(), &procs[0]);
        CHECK_EQ(ticks_left(&procs[0]), TURN);
    }
}

/* It did not sleep while it waited for the CPU: it has no claim to go first. */
TEST(a_process_that_waited_for_its_turn_has_not_slept)
{
    start();
    policy_enqueue(&procs[0]);
    CHECK_EQ(policy_pick(), &procs[0]);
    policy_tick(&procs[0]);
    procs[0].slice_ticks = 0;
    current = &procs[0];
    policy_enqueue(&procs[0]);
    for (int i = 0; i < 2 * TURN; i++)
        policy_tick(&procs[1]); /* which runs meanwhile */
    CHECK_EQ(policy_pick(), &procs[0]);
    procs[0].slice_ticks = 0; /* it yields, and sleeps before its first tick */
    current = &procs[1];
    policy_enqueue(&procs[0]);
    CHECK(procs[0].computes);
}

/* The counter of a process that runs alone for 248 days and longer stays where it is. (D97) */
TEST(the_counter_of_a_turn_that_is_over_stays_at_0)
{
    start();
    policy_enqueue(&procs[0]);
    policy_pick();
    CHECK_EQ(ticks_left(&procs[0]), TURN);
    for (int i = 0; i < 100; i++) {
        CHECK(policy_tick(&procs[0]));
        CHECK_EQ(procs[0].slice_ticks, 0);
    }
    policy_enqueue(&procs[0]);
    CHECK_EQ(policy_pick(), &procs[0]);
    CHECK_EQ(ticks_left(&procs[0]), TURN);
}

/* Or who sleeps just before the end of its turn would have the processor for ever. */
TEST(a_turn_that_was_interrupted_goes_on)
{
    for (int used = 1; used < TURN; used++) {
        start();
        policy_enqueue(&procs[0]);
        policy_pick();
        for (int i = 0; i < used; i++)
            CHECK(!policy_tick(&procs[0]));
        policy_enqueue(&procs[0]);
        CHECK_EQ(policy_pick(), &procs[0]);
        CHECK_EQ(ticks_left(&procs[0]), TURN - used);
    }
}

/* Put process `i` into the queue of those that slept before their turn was over. */
static void wake(int i)
{
    procs[i].slice_ticks = TURN - 1;
    policy_enqueue(&procs[i]);
}

/* The next process has a whole turn, and waits for another one. */
static int next_computes(void)
{
    struct proc *proc = policy_pick();
    while (!policy_tick(proc))
        continue;
    policy_enqueue(proc);
    return proc->pid;
}

TEST(a_woken_process_goes_before_those_that_compute_D106)
{
    start();
    for (int i = 0; i < 4; i++)
        policy_enqueue(&procs[i]);
    CHECK_EQ(next_computes(), 0);
    wake(4);
    CHECK_EQ(policy_pick()->pid, 4);
    CHECK_EQ(next_computes(), 1);
    CHECK_EQ(next_computes(), 2);
}

/* Two processes that wake each other all the time leave every second turn to the others. (D106) */
TEST(woken_processes_starve_no_one)
{
    start();
    policy_enqueue(&procs[0]);
    policy_enqueue(&procs[1]);
    CHECK_EQ(next_computes(), 0);
    wake(3);
    for (int turn = 1; turn < 10; turn++) {
        CHECK_EQ(policy_pick()->pid, 3 + (turn + 1) % 2);
        wake(3 + turn % 2);
        CHECK_EQ(next_computes(), turn % 2);
    }
}

/* New processes that run for less than a tick do not let the sleepers pass again and again. */
TEST(a_round_comes_after_the_length_of_a_turn)
{
    start();
    for (int i = 0; i < 3; i++)
        policy_enqueue(&procs[i]);
    CHECK_EQ(policy_pick()->pid, 0);
    wake(4);
    CHECK_EQ(policy_pick()->pid, 1);
    for (int ticks = 0; ticks < TURN; ticks++)
        policy_tick(&procs[1]);
    CHECK_EQ(policy_pick()->pid, 4);
    CHECK_EQ(policy_pick()->pid, 2);
}

TEST(woken_processes_keep_their_order)
{
    start();
    for (int i = 1; i < PROCS; i++)
        wake(i);
    for (int i = 1; i < PROCS; i++)
        CHECK_EQ(policy_pick()->pid, i);
    CHECK(!policy_waiting());
}

/* One that yields again and again does not run twice while a woken process waits. */
TEST(a_woken_process_goes_before_one_that_yields)
{
    start();
    policy_enqueue(&procs[0]);
    struct proc *yields = policy_pick();
    wake(4);
    yields->slice_ticks = 0;
    policy_enqueue(yields);
    CHECK_EQ(policy_pick()->pid, 4);
    CHECK_EQ(policy_pick(), yields);
}

TEST(priorities_mean_nothing)
{
    static const unsigned priorities[] = {1, 1000, 10, 10};
    check_shares(priorities, 4, false);
}

/* Or it would have more than its turn. */
TEST(a_process_that_slept_for_long_keeps_what_is_left_of_its_turn)
{
    for (int used = 1; used < TURN; used++) {
        start();
        policy_enqueue(&procs[0]);
        struct proc *sleeper = policy_pick();
        for (int i = 0; i < used; i++)
            policy_tick(sleeper);
        policy_enqueue(&procs[1]);
        policy_pick();
        current = &procs[1];
        for (int i = 0; i < 3 * TURN; i++)
            policy_tick(&procs[1]);
        policy_enqueue(sleeper);
        CHECK_EQ(policy_pick(), sleeper);
        CHECK_EQ(ticks_left(sleeper), TURN - used);
    }
}

/* A sleeper whose turn happened to end as it fell asleep does not wait for all that compute. (D106) */
TEST(a_process_that_slept_for_a_turn_begins_a_new_one)
{
    start();
    for (int i = 0; i < 3; i++)
        policy_enqueue(&procs[i]);
    struct proc *sleeper = policy_pick();
    while (!policy_tick(sleeper))
        continue;
    CHECK_EQ(next_computes(), 1);
    policy_enqueue(sleeper);
    CHECK_EQ(policy_pick(), sleeper);
    CHECK_EQ(next_computes(), 2);
}
