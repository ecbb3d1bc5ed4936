/* SPDX-License-Identifier: MIT */
/*
 * wait.c: which zombie a parent gets, when it sleeps, and that reaping gives everything back.
 */
#include "proc/wait.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "proc/family.h"
#include "proc/group.h"
#include "proc/pid.h"

#define PARENT 200
#define OTHER 300 /* no child of the parent's */

static struct proc parent, child[3], other; /* the children have the pids 301 to 303 */
static size_t stacks;
static bool due; /* the rules of proc_rules.h */
unsigned rules_wait = 1;
static int sleeps;               /* how often the parent has slept */
static struct proc *ends;        /* the child that ends during a sleep */
static bool killed, frees_stack; /* in the sleep; proc_free() does what it should */

struct trace_ring trace_ring = {.on = 1};
void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    CHECK_EQ(event, TRACE_reap);
    CHECK(!spin_is_held(&sched_lock));
    note("trace reap %u %u %d", a, b, (int)c);
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)a, (void)b, (void)c;
}

void proc_check_failed(const struct proc *proc)
{
    check_failed("%p is no process", (const void *)proc);
}

struct proc *proc_find(int pid)
{
    CHECK(spin_is_held(&sched_lock));
    for (int i = 0; i < 3; i++)
        if (child[i].pid == pid)
            return &child[i];
    return pid == OTHER ? &other : NULL;
}

static void die(struct proc *proc)
{
    list_move_head(&parent.zombies, &proc->sibling);
    proc->state = PROC_ZOMBIE;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(queue, &parent.child_exited);
    CHECK(killable);
    if (++sleeps == 2 && ends != NULL)
        die(ends);
    return killed ? -E_KILLED : 0;
}

void family_remove(struct proc *zombie)
{
    CHECK(spin_is_held(&sched_lock));
    note("family_remove %d", zombie->pid);
    list_del(&zombie->sibling);
}

void proc_set_state(struct proc *proc, enum proc_state state)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(state, PROC_GONE);
    proc->state = state;
}

size_t kstack_count(void)
{
    return stacks;
}

void proc_free(struct proc *proc)
{
    CHECK(!spin_is_held(&sched_lock));
    CHECK_EQ(proc->state, PROC_GONE);
    note("proc_free %d", proc->pid);
    proc->pid = proc->group = -1; /* it is gone */
    stacks -= frees_stack;
}

void group_left(int group)
{
    note("group_left %d", group);
}

void pid_free(int pid)
{
    note("pid_free %d", pid);
}

bool rules_begin(void)
{
    rules_wait = 1;
    return due;
}

void rules_found(int pid, const struct proc *zombie)
{
    note("found %d for %d", zombie->pid, pid);
}

static void make(struct proc *proc, int pid, struct proc *father)
{
    *proc = (struct proc){.magic = PROC_MAGIC, .pid = pid, .group = 400, .parent = father, .name = "parent"};
    list_init(&proc->children);
    list_init(&proc->zombies);
    if (father != NULL)
        list_add_head(&father->children, &proc->sibling);
}

static void start(void)
{
    make(&parent, PARENT, NULL);
    for (int i = 0; i < 3; i++)
        make(&child[i], 301 + i, &parent);
    make(&other, OTHER, NULL);
    stacks = 70000;
    sleeps = 0;
    ends = NULL;
    killed = false;
    frees_stack = true;
    due = false;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    current = &parent;
    journal_clear();
}

TEST(a_child_that_has_ended_is_found_at_once)
{
    struct proc *zombie = NULL;
    start();
    die(&child[1]);
    CHECK_EQ(do_wait(302, &zombie), 0);
    CHECK_EQ(zombie, &child[1]);
    zombie = NULL;
    CHECK_EQ(do_wait(0, &zombie), 0);
    CHECK_EQ(zombie, &child[1]);
    die(&child[2]); /* the last to end is first */
    CHECK_EQ(do_wait(0, &zombie), 0);
    CHECK_EQ(zombie, &child[2]);
    CHECK_EQ(do_wait_now(302, &zombie), 0);
    CHECK_EQ(zombie, &child[1]);
    CHECK_EQ(sleeps, 0);
    CHECK(!spin_is_held(&sched_lock));
}

TEST(what_is_found_is_checked_when_it_is_due)
{
    struct proc *zombie = NULL;
    start();
    due = true;
    die(&child[1]);
    CHECK_EQ(do_wait(302, &zombie), 0);
    CHECK_STEPS("found 302 for 302");
    CHECK_EQ(do_wait(0, &zombie), 0);
    CHECK_STEPS("found 302 for 0");
    CHECK_EQ(do_wait_now(0, &zombie), 0);
    CHECK_STEPS("found 302 for 0");
    CHECK_EQ(do_wait_now(301, &zombie), 0);
    CHECK_STR_EQ(journal, "");
}

TEST(a_parent_sleeps_until_the_child_that_it_waits_for_ends)
{
    for (int pid = 0; pid <= 303; pid += 303) {
        struct proc *zombie = NULL;
        start();
        ends = &child[2];
        CHECK_EQ(do_wait(pid, &zombie), 0);
        CHECK_EQ(zombie, &child[2]);
        CHECK_EQ(sleeps, 2);
    }
}

TEST(another_child_that_ends_does_not_end_the_wait)
{
    struct proc *zombie = NULL;
    start();
    die(&child[0]);
    ends = &child[2];
    CHECK_EQ(do_wait(303, &zombie), 0);
    CHECK_EQ(zombie, &child[2]);
    CHECK_EQ(sleeps, 2);
}

TEST(a_kill_ends_the_wait)
{
    struct proc *zombie = NULL;
    start();
    killed = true;
    CHECK_EQ(do_wait(301, &zombie), -E_KILLED);
    CHECK_EQ(sleeps, 1);
    CHECK(!spin_is_held(&sched_lock));
}

TEST(without_waiting_there_may_be_none)
{
    struct proc *zombie = &other;
    start();
    CHECK_EQ(do_wait_now(0, &zombie), 0);
    CHECK(zombie == NULL);
    zombie = &other;
    CHECK_EQ(do_wait_now(301, &zombie), 0);
    CHECK(zombie == NULL);
    CHECK_EQ(sleeps, 0);
    CHECK(!spin_is_held(&sched_lock));
}

TEST(only_children_are_waited_for)
{
    struct proc *zombie;
    start();
    CHECK_EQ(do_wait(OTHER, &zombie), -E_BAD_PROC);
    CHECK_EQ(do_wait(999, &zombie), -E_BAD_PROC);
    CHECK_EQ(do_wait_now(OTHER, &zombie), -E_BAD_PROC);
    list_init(&parent.children);
    CHECK_EQ(do_wait(0, &zombie), -E_BAD_PROC);
    CHECK_EQ(do_wait_now(0, &zombie), -E_BAD_PROC);
    CHECK_EQ(sleeps, 0);
}

TEST(a_reaped_zombie_gives_everything_back)
{
    start();
    die(&child[1]);
    child[1].exit_code = -7;
    do_reap(&child[1]);
    CHECK_STEPS("family_remove 302", "trace reap 200 302 -7", "proc_free 302", "group_left 400",
                "pid_free 302");
    CHECK(!spin_is_held(&sched_lock));
}

TEST(a_stack_that_is_not_freed_is_reported)
{
    start();
    die(&child[1]);
    frees_stack = false;
    CHECK(PANICS("pid 302 was reaped by pid 200 \"parent\", but its kernel stack was not freed",
                 do_reap(&child[1])));
}

TEST(only_a_zombie_of_ones_own_is_reaped)
{
    start();
    CHECK(PANICS("assertion failed", do_reap(&child[1])));
    other.state = PROC_ZOMBIE;
    CHECK(PANICS("assertion failed", do_reap(&other)));
}
