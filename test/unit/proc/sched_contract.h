/* SPDX-License-Identifier: MIT */
/*
 * sched_contract - what sched_policy.h asks of every policy, as tests. Included once by the test of each.
 */
#ifndef SCHED_CONTRACT_H
#define SCHED_CONTRACT_H

#include <stdio.h>

#include "lib/util.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"
#include "unit.h"

#define MOST_PROCS 64
#define MOST_TURN_TICKS 100
#define FAIR_TICKS 1000000u

struct cpu boot_cpu;
static struct proc procs[MOST_PROCS], idle;
static unsigned ticks_of[MOST_PROCS]; /* how long each has run */

/* An empty queue, and `n` new processes that are not in it. */
static void start_procs(unsigned n)
{
    while (policy_pick() != NULL)
        continue;
    current = &idle;
    for (unsigned i = 0; i < n; i++) {
        procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = (int)i, .priority = 1};
        ticks_of[i] = 0;
    }
}

/* The next process runs until its turn is over or `ticks_left` is 0. */
static struct proc *run_one(unsigned *ticks_left)
{
    struct proc *proc = policy_pick();
    CHECK(proc >= procs && proc < procs + MOST_PROCS);
    for (bool over = false; !over && *ticks_left > 0; --*ticks_left) {
        over = policy_tick(proc);
        ticks_of[proc->pid]++;
    }
    return proc;
}

/* `n` processes compute for FAIR_TICKS: within 1 %, each gets its share, by priority or the same for all. */
static inline void check_shares(const unsigned *priorities, unsigned n, bool by_priority)
{
    unsigned sum = 0, ticks_left = FAIR_TICKS;
    start_procs(n);
    for (unsigned i = 0; i < n; i++) {
        procs[i].priority = priorities[i];
        sum += by_priority ? priorities[i] : 1;
        policy_enqueue(&procs[i]);
    }
    while (ticks_left > 0)
        policy_enqueue(run_one(&ticks_left));
    for (unsigned i = 0; i < n; i++) {
        double share = (double)FAIR_TICKS * (by_priority ? priorities[i] : 1) / sum;
        double off = ticks_of[i] / share - 1;
        if (off > 0.01 || off < -0.01)
            printf("# priority %u of %u: %u ticks, its share is %.0f\n", priorities[i], sum, ticks_of[i],
                   share);
        CHECK(off <= 0.01 && off >= -0.01);
    }
}

TEST(an_empty_queue_has_no_process)
{
    start_procs(1);
    CHECK(!policy_waiting());
    CHECK_EQ(policy_pick(), NULL);
    CHECK_EQ(policy_pick(), NULL);
    policy_enqueue(&procs[0]);
    CHECK(policy_waiting());
    CHECK_EQ(policy_pick(), &procs[0]);
    CHECK(!policy_waiting());
    CHECK_EQ(policy_pick(), NULL);
}

/* Processes come, run for any time, yield, sleep and end, in any order: who is enqueued is picked once. */
TEST(each_process_is_picked_once)
{
    bool queued[MOST_PROCS] = {false};
    unsigned queued_n = 0;
    start_procs(MOST_PROCS);
    for (int step = 0; step < 100000; step++) {
        unsigned i = unit_below(MOST_PROCS);
        if (!queued[i] && unit_below(8) != 0) {
            if (unit_below(16) == 0)
                procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = (int)i};
            procs[i].priority = 1 + unit_below(PRIORITY_MAX);
            policy_enqueue(&procs[i]);
            queued[i] = true;
            queued_n++;
        }
        CHECK_EQ(policy_waiting(), queued_n > 0);
        if (unit_below(2) != 0)
            continue;
        struct proc *proc = policy_pick();
        CHECK_EQ(proc == NULL, queued_n == 0);
        if (proc == NULL)
            continue;
        CHECK(proc >= procs && proc < procs + MOST_PROCS && queued[proc - procs]);
        queued[proc - procs] = false;
        queued_n--;
        for (unsigned ticks = unit_below(8); ticks > 0; ticks--)
            policy_tick(proc);
        if (unit_below(4) == 0)
            proc->slice_ticks = 0; /* as sched_yield() does */
    }
}

TEST(a_turn_ends)
{
    start_procs(1);
    for (int turn = 0; turn < 10; turn++) {
        policy_enqueue(&procs[0]);
        CHECK_EQ(policy_pick(), &procs[0]);
        int ticks = 1;
        while (!policy_tick(&procs[0]))
            CHECK(++ticks < MOST_TURN_TICKS);
    }
}

/* A process that runs alone, for however long, is preempted at once when another one comes. (D97) */
TEST(a_turn_that_is_over_stays_over)
{
    start_procs(2);
    policy_enqueue(&procs[0]);
    policy_pick();
    while (!policy_tick(&procs[0]))
        continue;
    for (int i = 0; i < 100000; i++)
        CHECK(policy_tick(&procs[0]));
}

#endif
