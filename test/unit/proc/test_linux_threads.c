/* SPDX-License-Identifier: MIT */
/*
 * linux_threads.c: how a process of several threads ends, and who is told.
 */
#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "mm/mm.h"
#include "proc/family.h"
#include "proc/kill.h"
#include "proc/linux_futex.h"

#define LEADER 300
#define THREADS 4 /* with the leader */

static struct proc init, procs[THREADS];
static struct linux_proc states[THREADS];
static struct mm mm;
struct proc *init_proc = &init;
static int leaves_at; /* the sleep of the leader in which the last thread leaves */
static bool killed;   /* the leader, in its sleep */

int do_kill(int pid)
{
    CHECK(states[0].ending); /* or a thread could make another meanwhile */
    note("kill %d", pid);
    return 0;
}

void family_give(struct proc *child, struct proc *to)
{
    CHECK_EQ(to, &init);
    note("give %d", child->pid);
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    CHECK(n == 4 && *(const int *)from == 0);
    note("write %x", (unsigned)to.va);
    return -E_INVAL; /* whatever comes of it */
}

uint32_t futex_wake(const struct futex_key *key, uint32_t n)
{
    CHECK(key->space == &mm && n == 1);
    note("wake %x", (unsigned)key->va);
    return 0;
}

static int points; /* at which others could run */

int sched_point(void)
{
    CHECK(!spin_is_held(&sched_lock));
    points++;
    return -E_KILLED;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(queue, &current->linux_state->alone);
    note(killable ? "killable sleep" : "sleep");
    if (--leaves_at == 0) {
        list_init(&states[0].threads);
        states[0].end.code = 55;
    }
    return killed ? -E_KILLED : 0;
}

void waitq_wake(struct waitq *queue)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(queue, &states[0].alone);
    note("wake the leader");
}

/* A leader and `n` other threads; thread `running` runs. */
static void start(int n, int running)
{
    init = (struct proc){.magic = PROC_MAGIC, .pid = 1};
    for (int i = 0; i <= n; i++) {
        procs[i] =
            (struct proc){.magic = PROC_MAGIC, .pid = LEADER + i, .linux_state = &states[i], .mm = &mm};
        states[i] = (struct linux_proc){.self = &procs[i], .leader = &procs[0]};
        list_init(&states[i].threads);
        waitq_init(&states[i].alone);
        if (i > 0)
            list_add_tail(&states[0].threads, &states[i].threads);
    }
    mm = (struct mm){.count = 2};
    current = &procs[running];
    leaves_at = 2;
    killed = false;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    journal_clear();
}

TEST(the_word_of_a_thread_is_cleared_once)
{
    start(0, 0);
    linux_clear_tid();
    CHECK_STR_EQ(journal, "");
    states[0].thread.clear_tid = 0x900;
    linux_clear_tid();
    CHECK_STEPS("write 900", "wake 900");
    linux_clear_tid();
    CHECK_STR_EQ(journal, "");
    states[0].thread.clear_tid = 0x900;
    mm.visitors = 1; /* no other process has this memory */
    linux_clear_tid();
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(states[0].thread.clear_tid, 0);
}

TEST(a_new_thread_joins_its_process)
{
    start(1, 1);
    procs[2] = (struct proc){.magic = PROC_MAGIC, .pid = 302, .linux_state = &states[2]};
    states[2] = (struct linux_proc){.self = &procs[2], .leader = &procs[2]};
    list_init(&states[2].threads);
    linux_thread_add(&procs[2]);
    CHECK_EQ(states[2].leader, &procs[0]);
    CHECK_EQ(list_last(&states[0].threads), &states[2].threads);
    CHECK(!states[2].told && !linux_is_ending());
    CHECK_STEPS("give 302");
    start(1, 1);
    states[0].ending = true;
    CHECK(linux_is_ending());
    list_init(&states[2].threads);
    linux_thread_add(&procs[2]);
    CHECK(states[2].told);
    CHECK_STEPS("give 302", "kill 302");
}

static const struct linux_end fault = {EXIT_FAULT, 7, 14, 0};

TEST(all_threads_are_ended_once)
{
    start(3, 0);
    points = 0;
    linux_end_process(fault);
    CHECK_STEPS("kill 301", "kill 302", "kill 303");
    CHECK_EQ(points, 3);
    CHECK(states[0].ending && states[0].end.reason == EXIT_FAULT && states[0].end.code == 7);
    linux_end_process((struct linux_end){EXIT_CALL, 8, 0, 0});
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(states[0].end.code, 7);
    start(3, 2);
    linux_end_process(fault);
    CHECK_STEPS("kill 300", "kill 301", "kill 303");
    CHECK(states[1].told && states[2].told && states[3].told);
    CHECK_EQ(list_first(&states[0].threads), &states[1].threads);
}

TEST(a_leader_that_ends_alone_waits)
{
    int code = 3;
    start(0, 0);
    CHECK_EQ(linux_await_threads(&code), 0);
    start(2, 1);
    CHECK_EQ(linux_await_threads(&code), 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(code, 3);
    start(2, 0);
    CHECK_EQ(linux_await_threads(&code), 0);
    CHECK_STEPS("killable sleep", "killable sleep");
    CHECK_EQ(code, 55);
    start(2, 0);
    killed = true;
    CHECK_EQ(linux_await_threads(&code), -E_KILLED);
    CHECK_STEPS("killable sleep");
    CHECK(!spin_is_held(&sched_lock));
}

TEST(exec_ends_the_others)
{
    start(2, 0);
    CHECK(linux_end_others());
    CHECK_STEPS("kill 301", "kill 302", "sleep", "sleep");
    CHECK(!linux_end_others());
    CHECK_STR_EQ(journal, "");
}

/* Thread `running` of `n` ends. */
static enum exit_reason reason;
static int code;

static void leave(enum exit_reason why, int with)
{
    reason = why;
    code = with;
    linux_leave(&reason, &code);
    CHECK(!spin_is_held(&sched_lock));
}

TEST(a_process_of_one_thread_just_ends)
{
    start(0, 0);
    states[0].thread.clear_tid = 0x900;
    leave(EXIT_KILL, 4);
    CHECK_STEPS("write 900", "wake 900");
    CHECK(reason == EXIT_KILL && code == 4);
}

TEST(a_thread_that_exits_leaves)
{
    start(2, 1);
    leave(EXIT_CALL, 4);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(states[0].end.code, 4);
    CHECK_EQ(list_first(&states[0].threads), &states[2].threads);
    current = &procs[2];
    leave(EXIT_CALL, 5);
    CHECK_STEPS("wake the leader");
    CHECK_EQ(states[0].end.code, 5);
    CHECK(list_empty(&states[0].threads) && !states[0].ending);
}

TEST(a_thread_that_does_not_ends_all)
{
    start(2, 1);
    procs[1].fault_trap = 14;
    procs[1].kill_signal = 6;
    leave(EXIT_FAULT, 4);
    CHECK_STEPS("kill 300", "kill 302");
    const struct linux_end *end = &states[0].end;
    CHECK(end->reason == EXIT_FAULT && end->code == 4 && end->trap == 14 && end->signal == 6);
    current = &procs[2];
    leave(EXIT_KILL, 5);
    CHECK_STEPS("wake the leader");
    CHECK(end->reason == EXIT_FAULT && end->code == 4);
    CHECK(reason == EXIT_KILL && code == 5); /* its own */
    CHECK_EQ(procs[2].fault_trap, 0);
    current = &procs[0];
    leave(EXIT_KILL, 9);
    CHECK(reason == EXIT_FAULT && code == 4);
    CHECK(procs[0].fault_trap == 14 && procs[0].kill_signal == 6);
    CHECK_STR_EQ(journal, "");
}

TEST(a_leader_ends_all_and_waits)
{
    start(2, 0);
    leave(EXIT_CALL, 4);
    CHECK_STEPS("kill 301", "kill 302", "sleep", "sleep");
    CHECK(reason == EXIT_CALL && states[0].ending);
}
