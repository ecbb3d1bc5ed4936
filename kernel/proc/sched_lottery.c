/* SPDX-License-Identifier: MIT */
/*
 * sched_lottery - each turn is drawn by lot, and a process has as many tickets as its priority (Waldspurger
 * and Weihl, "Lottery Scheduling", OSDI 1994).
 *
 * The processes form a binary tree. Each node knows how many processes and how many tickets its subtree has,
 * so the owner of a ticket is found by one descent from the root. A new node goes to the smaller side and a
 * removed one is replaced by a leaf from the larger side, so the sizes of two sides differ by 1 at most, and
 * all operations are O(log n). Turns are one tick long, so that shares even out soon. The random numbers are
 * the same in each boot, so that runs repeat.
 */
#include "lib/util.h"
#include "proc/proc.h"
#include "proc/sched_policy.h"

static struct proc *root;
static uint32_t random_state = 2463534242;

/* xorshift32 (Marsaglia, "Xorshift RNGs", 2003). Returns a number in [0, n), with n > 0. */
static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (uint32_t)(((uint64_t)random_state * n) >> 32);
}

static uint32_t size(const struct proc *tree)
{
    return tree != NULL ? tree->run_tree.size : 0;
}

static uint32_t tickets(const struct proc *tree)
{
    return tree != NULL ? tree->run_tree.tickets : 0;
}

/* Compute the sums of `proc` and of all nodes above it again. */
static void update_from(struct proc *proc)
{
    for (; proc != NULL; proc = proc->run_tree.parent) {
        struct proc *const *child = proc->run_tree.child;
        proc->run_tree.size = size(child[0]) + size(child[1]) + 1;
        proc->run_tree.tickets = tickets(child[0]) + tickets(child[1]) + proc->priority;
    }
}

/* Make the parent of `old` point to `new` instead. */
static void replace(const struct proc *old, struct proc *new)
{
    struct proc *parent = old->run_tree.parent;
    if (parent == NULL)
        root = new;
    else
        parent->run_tree.child[parent->run_tree.child[1] == old] = new;
}

void policy_enqueue(struct proc *proc)
{
    struct proc **link = &root, *parent = NULL;
    while (*link != NULL) {
        struct proc **child = (parent = *link)->run_tree.child;
        link = &child[size(child[1]) < size(child[0])];
    }
    proc->run_tree = (struct run_tree){.parent = parent};
    *link = proc;
    update_from(proc);
}

static struct proc *owner_of(uint32_t ticket)
{
    struct proc *proc = root;
    for (;;) {
        struct proc *const *child = proc->run_tree.child;
        uint32_t left = tickets(child[0]);
        if (ticket < left) {
            proc = child[0];
        } else if (ticket - left < proc->priority) {
            return proc;
        } else {
            ticket -= left + proc->priority;
            proc = child[1];
        }
    }
}

/* Remove a leaf without making any two sides more unequal. */
static struct proc *take_leaf(void)
{
    struct proc *leaf = root;
    while (leaf->run_tree.size > 1) {
        struct proc *const *child = leaf->run_tree.child;
        leaf = child[size(child[1]) > size(child[0])];
    }
    replace(leaf, NULL);
    update_from(leaf->run_tree.parent);
    return leaf;
}

struct proc *policy_pick(void)
{
    if (root == NULL)
        return NULL;
    struct proc *winner = owner_of(random_below(root->run_tree.tickets));
    struct proc *leaf = take_leaf();
    if (leaf == winner)
        return winner;
    leaf->run_tree = winner->run_tree;
    replace(winner, leaf);
    for (unsigned i = 0; i < ARRAY_SIZE(leaf->run_tree.child); i++)
        if (leaf->run_tree.child[i] != NULL)
            leaf->run_tree.child[i]->run_tree.parent = leaf;
    update_from(leaf);
    return winner;
}

bool policy_waiting(void)
{
    return root != NULL;
}

bool policy_tick(struct proc *proc)
{
    (void)proc;
    return true;
}
