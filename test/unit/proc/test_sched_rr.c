/* SPDX-License-Identifier: MIT */
/*
 * sched_rr.c: first come, first served, and turns of equal length.
 */
#include "proc/proc.h"
#include "proc/sched_policy.h"
#include "unit.h"

#define PROCS 5
#define TURN 5 /* ticks */

static struct proc procs[PROCS];

static void start(void)
{
    while (policy_pick() != NULL)
        continue;
    for (int i = 0; i < PROCS; i++)
        procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = i};
}

/* How many ticks there are to the end of the turn. */
static int ticks_left(struct proc *proc)
{
    int ticks = 1;
    while (!policy_tick(proc))
        ticks++;
    return ticks;
}

TEST(who_came_first_is_next)
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
