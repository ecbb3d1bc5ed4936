/* SPDX-License-Identifier: MIT */
/*
 * sched_stride.c: shares by priority, counted.
 */
#include "sched_contract.h"

TEST(shares_follow_priorities)
{
    static const unsigned few[] = {1, 2, 3, 4, 5}, far[] = {1, 1000, 10, 100}, one[] = {7, 7, 7};
    check_shares(few, 5, true);
    check_shares(far, 4, true);
    check_shares(one, 3, true);
}

TEST(equal_ones_take_turns)
{
    start_procs(5);
    for (int i = 0; i < 5; i++)
        policy_enqueue(&procs[i]);
    for (int i = 0; i < 20; i++) {
        unsigned ticks = MOST_TURN_TICKS;
        struct proc *proc = run_one(&ticks);
        CHECK_EQ(proc, &procs[i % 5]);
        policy_enqueue(proc);
    }
}

/* A process that comes late or has slept has its share from now on, and not what it did not use. */
TEST(sleep_saves_nothing)
{
    unsigned ticks_left = 10000;
    start_procs(2);
    policy_enqueue(&procs[0]);
    while (ticks_left > 0)
        policy_enqueue(run_one(&ticks_left));
    policy_enqueue(&procs[1]); /* it has slept all the time */
    ticks_left = 1000;
    while (ticks_left > 0)
        policy_enqueue(run_one(&ticks_left));
    CHECK(ticks_of[1] >= 495 && ticks_of[1] <= 505);
}

/* One that sleeps before each tick has no more turns than another that computes. */
TEST(a_turn_without_a_tick_is_paid)
{
    unsigned turns[2] = {0};
    start_procs(2);
    policy_enqueue(&procs[0]);
    policy_enqueue(&procs[1]);
    for (int i = 0; i < 6000; i++) {
        struct proc *proc = policy_pick();
        turns[proc->pid]++;
        while (proc == &procs[1] && !policy_tick(proc))
            continue;
        policy_enqueue(proc);
    }
    CHECK_EQ(turns[0], 5000);
    CHECK_EQ(turns[1], 1000);
}

/* D116: each turn of the second is its last: its child goes on. They have the CPU for half of the time. */
TEST(a_chain_of_forks_is_paid)
{
    unsigned turns[2] = {0};
    start_procs(3);
    policy_enqueue(&procs[0]);
    policy_enqueue(&procs[1]);
    for (int i = 0; i < 6000; i++) {
        current = policy_pick();
        turns[MIN(current->pid, 1)]++;
        struct proc *child = &procs[current == &procs[1] ? 2 : 1];
        if (current != &procs[0])
            *child = (struct proc){.magic = PROC_MAGIC, .pid = child->pid ? child->pid : 1, .priority = 1};
        policy_enqueue(current == &procs[0] ? current : child);
    }
    CHECK_EQ(turns[0], 3000);
    CHECK_EQ(turns[1], 3000);
}

/* A pass has more than 32 bits: the order is kept where those wrap. */
TEST(shares_are_kept_beyond_32_bits)
{
    for (uint64_t near = UINT32_MAX - 100000000ull; near <= UINT64_MAX / 4; near *= 1000) {
        unsigned ticks_left = 20000;
        start_procs(3);
        for (unsigned i = 0; i < 3; i++) {
            procs[i].priority = i + 1;
            procs[i].pass = near;
            policy_enqueue(&procs[i]);
        }
        while (ticks_left > 0)
            policy_enqueue(run_one(&ticks_left));
        for (unsigned i = 0; i < 3; i++)
            CHECK(ticks_of[i] * 6 >= (i + 1) * 19800 && ticks_of[i] * 6 <= (i + 1) * 20200);
    }
}
