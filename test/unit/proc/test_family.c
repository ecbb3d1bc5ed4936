/* SPDX-License-Identifier: MIT */
/*
 * family.c: the two lists of children of each process, and how orphans change the parent.
 */
#include "proc/family.h"

#include <stdio.h>
#include <string.h>

#include "proc/proc.h"
#include "unit.h"

#define PROCS 40
#define ALL PROCS

static char reparents[100]; /* traced: child, old parent, new parent */

struct trace_ring trace_ring = {.on = 1};

void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    (void)event, (void)a, (void)b;
}

void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    size_t used = strlen(reparents);
    CHECK_EQ(event, TRACE_reparent);
    snprintf(reparents + used, sizeof(reparents) - used, "%u: %u, %u; ", a, b, c);
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)a, (void)b, (void)c;
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    (void)event, (void)words;
}

void proc_check_failed(const struct proc *proc)
{
    check_failed("%p is no process", (const void *)proc);
}

struct proc *init_proc;
static struct proc procs[PROCS];

static void start(void)
{
    for (int i = 0; i < PROCS; i++) {
        procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = i};
        list_init(&procs[i].children);
        list_init(&procs[i].zombies);
        list_init(&procs[i].sibling);
    }
}

static void die(struct proc *proc)
{
    family_make_zombie(proc);
    proc->state = PROC_ZOMBIE;
}

/* The list has `n` members, all of `parent` and all zombies or all not, and its links are right. */
static void check_list(const struct list_node *head, const struct proc *parent, bool zombies, size_t n)
{
    CHECK(list_ok(head));
    list_for_each (node, head) {
        const struct proc *child = list_entry(node, const struct proc, sibling);

        CHECK(n-- != 0);
        CHECK_EQ(child->parent, parent);
        CHECK_EQ(child->state == PROC_ZOMBIE, zombies);
        CHECK(family_ok(child));
    }
    CHECK_EQ(n, 0);
}

static void check_children(const struct proc *parent, size_t living, size_t zombies)
{
    check_list(&parent->children, parent, false, living);
    check_list(&parent->zombies, parent, true, zombies);
}

TEST(the_youngest_child_is_first)
{
    start();
    for (int i = 1; i <= 3; i++)
        family_add(&procs[0], &procs[i]);
    CHECK_EQ(procs[0].children.next, &procs[3].sibling);
    CHECK_EQ(procs[3].sibling.next, &procs[2].sibling);
    CHECK_EQ(procs[2].sibling.prev, &procs[3].sibling);
    check_children(&procs[0], 3, 0);
}

TEST(a_zombie_changes_its_list)
{
    for (int i = 1; i <= 3; i++) { /* the oldest, one between, the youngest */
        start();
        for (int k = 1; k <= 3; k++)
            family_add(&procs[0], &procs[k]);
        die(&procs[i]);
        CHECK_EQ(list_first(&procs[0].zombies), &procs[i].sibling);
        check_children(&procs[0], 2, 1);
        family_remove(&procs[i]);
        CHECK(procs[i].parent == NULL && family_ok(&procs[i]));
        check_children(&procs[0], 2, 0);
    }
}

/* The list consists of exactly these processes, in this order. */
static void expect_order(const struct list_node *head, const int *pids, size_t n)
{
    list_for_each (node, head) {
        CHECK(n-- != 0);
        CHECK_EQ(list_entry(node, const struct proc, sibling)->pid, *pids++);
    }
    CHECK_EQ(n, 0);
}

/* Hand all children over, as many at once as there can be. Returns whether there were zombies among them. */
static bool hand_over(struct proc *from, struct proc *to)
{
    bool zombies;

    CHECK(!family_hand_over(from, to, ALL, &zombies));
    return zombies;
}

/* D82: orphans keep their order and states, and the new parent learns that there are zombies. */
TEST(orphans_join_the_children_of_the_new_parent)
{
    start();
    for (int i = 2; i < 5; i++)
        family_add(&procs[0], &procs[i]);
    for (int i = 5; i < 10; i++)
        family_add(&procs[1], &procs[i]);
    die(&procs[3]);
    CHECK(!hand_over(&procs[2], &procs[0])); /* there are none */
    die(&procs[6]);
    die(&procs[9]);
    CHECK(hand_over(&procs[1], &procs[0]));
    check_children(&procs[1], 0, 0);
    check_children(&procs[0], 5, 3);
    expect_order(&procs[0].children, (const int[]){8, 7, 5, 4, 2}, 5);
    expect_order(&procs[0].zombies, (const int[]){9, 6, 3}, 3);
}

/* D93: a few at a time, with others between them: each child has one parent, and the order is the same. */
TEST(orphans_change_their_parent_in_parts)
{
    bool zombies;

    start();
    for (int i = 2; i < 9; i++)
        family_add(&procs[1], &procs[i]);
    die(&procs[3]);
    CHECK(family_hand_over(&procs[1], &procs[0], 4, &zombies));
    CHECK(!zombies);
    check_children(&procs[0], 4, 0);
    check_children(&procs[1], 2, 1);
    die(&procs[8]); /* others run: a child that is still the old parent's ends, and one that is the new one's
                     */
    die(&procs[2]);
    CHECK(family_hand_over(&procs[1], &procs[0], 2, &zombies));
    CHECK(zombies);
    CHECK(!family_hand_over(&procs[1], &procs[0], 2, &zombies));
    check_children(&procs[1], 0, 0);
    check_children(&procs[0], 4, 3);
    expect_order(&procs[0].children, (const int[]){7, 6, 5, 4}, 4);
}

TEST(each_child_that_changes_its_parent_is_traced)
{
    start();
    family_add(&procs[1], &procs[2]);
    family_add(&procs[1], &procs[3]);
    die(&procs[2]);
    reparents[0] = '\0';
    hand_over(&procs[1], &procs[0]);
    CHECK_STR_EQ(reparents, "3: 1, 0; 2: 1, 0; ");
}

TEST(a_child_can_be_given_to_another_parent)
{
    start();
    family_add(&procs[0], &procs[2]);
    family_add(&procs[1], &procs[3]);
    family_add(&procs[1], &procs[4]);
    reparents[0] = '\0';
    family_give(&procs[3], &procs[0]);
    CHECK_STR_EQ(reparents, "3: 1, 0; ");
    expect_order(&procs[0].children, (const int[]){3, 2}, 2);
    check_children(&procs[0], 2, 0);
    check_children(&procs[1], 1, 0);
}

TEST(living_orphans_alone_are_no_zombies)
{
    start();
    family_add(&procs[1], &procs[2]);
    CHECK(!hand_over(&procs[1], &procs[0]));
    check_children(&procs[0], 1, 0);
}

TEST(living_orphans_are_left_for_the_next_part)
{
    bool zombies;

    start();
    for (int i = 2; i < 6; i++)
        family_add(&procs[1], &procs[i]);
    CHECK(family_hand_over(&procs[1], &procs[0], 3, &zombies));
    CHECK(!zombies);
    check_children(&procs[1], 1, 0);
    CHECK(!family_hand_over(&procs[1], &procs[0], 3, &zombies));
    check_children(&procs[0], 4, 0);
}

/* D82: a chain of orphans, each the parent of the next: all come to the first, from whichever end. */
TEST(chains_of_orphans_all_come_to_init)
{
    for (int from_the_top = 0; from_the_top < 2; from_the_top++) {
        start();
        for (int i = 1; i < PROCS; i++)
            family_add(&procs[i - 1], &procs[i]);
        for (int i = 1; i < PROCS; i++) {
            struct proc *proc = &procs[from_the_top ? i : PROCS - i];

            hand_over(proc, &procs[0]);
            die(proc);
        }
        check_children(&procs[0], 0, PROCS - 1);
    }
}

TEST(random_families_against_parents)
{
    int parent[PROCS]; /* -1: none */

    start();
    for (int i = 0; i < PROCS; i++)
        parent[i] = -1;
    for (int step = 0; step < 20000; step++) {
        int i = 1 + (int)unit_below(PROCS - 1), to = (int)unit_below((unsigned)i);

        if (parent[i] == -1 && procs[to].state != PROC_ZOMBIE) {
            procs[i].state = PROC_RUNNABLE;
            family_add(&procs[to], &procs[i]);
            parent[i] = to;
        } else if (parent[i] != -1 && procs[i].state == PROC_ZOMBIE) {
            family_remove(&procs[i]);
            parent[i] = -1;
        } else if (parent[i] != -1) {
            hand_over(&procs[i], &procs[0]);
            die(&procs[i]);
            for (int k = 0; k < PROCS; k++)
                parent[k] = parent[k] == i ? 0 : parent[k];
        }
        for (int k = 0; k < PROCS; k++) {
            size_t living = 0, zombies = 0;

            for (int child = 0; child < PROCS; child++) {
                living += parent[child] == k && procs[child].state != PROC_ZOMBIE;
                zombies += parent[child] == k && procs[child].state == PROC_ZOMBIE;
            }
            check_children(&procs[k], living, zombies);
        }
    }
}

/* D32: family_ok() detects broken links. */
TEST(the_checker_sees_what_it_is_for)
{
    start();
    for (int i = 1; i <= 3; i++)
        family_add(&procs[0], &procs[i]);
    CHECK(family_ok(&procs[2]));
    procs[1].sibling.prev = &procs[0].children;
    CHECK(!family_ok(&procs[2]));
    procs[1].sibling.prev = &procs[2].sibling;
    procs[3].sibling.next = &procs[1].sibling;
    CHECK(!family_ok(&procs[2]));
    procs[3].sibling.next = &procs[2].sibling;
    procs[0].children.next = &procs[2].sibling;
    CHECK(!family_ok(&procs[3]));
    procs[0].children.next = &procs[3].sibling;
    procs[1].parent = &procs[2];
    CHECK(!family_ok(&procs[2]));
    procs[1].parent = &procs[0];
    CHECK(family_ok(&procs[3]));
    procs[3].state = PROC_ZOMBIE; /* but it is among the living */
    CHECK(!family_ok(&procs[3]));
    procs[3].state = PROC_RUNNABLE;
    die(&procs[1]);
    CHECK(family_ok(&procs[1]));
    procs[1].state = PROC_RUNNABLE; /* but it is among the zombies */
    CHECK(!family_ok(&procs[1]));
    procs[1].parent = NULL; /* but it is in a list */
    CHECK(!family_ok(&procs[1]));
}
