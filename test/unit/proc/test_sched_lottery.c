/* SPDX-License-Identifier: MIT */
/*
 * sched_lottery.c: shares by priority, drawn by lot.
 */
#include "sched_contract.h"

/* A share of one tenth is within 0.3 % of what is expected in two of three lotteries of a million draws. */
TEST(shares_follow_priorities)
{
    static const unsigned few[] = {1, 2, 3, 4}, many[] = {100, 200, 300, 400, 1000}, one[] = {7, 7, 7};
    check_shares(few, 4, true);
    check_shares(many, 5, true);
    check_shares(one, 3, true);
}

/* A process with one ticket among thousands runs. */
TEST(one_ticket_is_enough)
{
    unsigned ticks_left = FAIR_TICKS;
    start_procs(5);
    for (unsigned i = 0; i < 5; i++) {
        procs[i].priority = i == 0 ? 1 : PRIORITY_MAX;
        policy_enqueue(&procs[i]);
    }
    while (ticks_left > 0)
        policy_enqueue(run_one(&ticks_left));
    CHECK(ticks_of[0] > 125 && ticks_of[0] < 500); /* 250 are expected, with a deviation of 16 */
}

/* The processes below a node, whose sums and links must be right. */
static unsigned check_tree(const struct proc *proc, const struct proc *parent, unsigned depth,
                           unsigned *deepest)
{
    if (proc == NULL)
        return 0;
    *deepest = MAX(*deepest, depth);
    CHECK_EQ(proc->run_tree.parent, parent);
    unsigned sizes[2], tickets = proc->priority;
    for (int i = 0; i < 2; i++) {
        const struct proc *child = proc->run_tree.child[i];
        sizes[i] = check_tree(child, proc, depth + 1, deepest);
        tickets += child != NULL ? child->run_tree.tickets : 0;
    }
    CHECK(sizes[0] <= sizes[1] + 1 && sizes[1] <= sizes[0] + 1);
    CHECK_EQ(proc->run_tree.size, sizes[0] + sizes[1] + 1);
    CHECK_EQ(proc->run_tree.tickets, tickets);
    return sizes[0] + sizes[1] + 1;
}

/* Picking costs the same with ten processes and, nearly, with thousands: log2(64) + 1 levels. */
TEST(the_tree_is_balanced)
{
    start_procs(MOST_PROCS);
    for (unsigned i = 0; i < MOST_PROCS; i++) {
        procs[i].priority = i + 1;
        policy_enqueue(&procs[i]);
    }
    for (int step = 0; step < 1000; step++) {
        struct proc *taken[8];
        const struct proc *root = &procs[0];
        unsigned deepest = 0, n = 1 + unit_below(8);
        for (unsigned i = 0; i < n; i++)
            taken[i] = policy_pick();
        for (unsigned i = 0; i < n; i++) {
            taken[i]->priority = 1 + unit_below(PRIORITY_MAX);
            policy_enqueue(taken[i]);
        }
        while (root->run_tree.parent != NULL)
            root = root->run_tree.parent;
        CHECK_EQ(check_tree(root, NULL, 1, &deepest), MOST_PROCS);
        CHECK(deepest <= 7);
    }
}
