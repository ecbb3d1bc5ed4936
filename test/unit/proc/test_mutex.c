/* SPDX-License-Identifier: MIT */
/*
 * mutex.c: a sleeping lock with an owner; who waits sleeps instead of spinning through the scheduler (D55).
 *
 * There is one thread here: while a process "sleeps", the test does what others do meanwhile.
 */
#include <ucow/errno.h>

#include "host_sched.h"
#include "proc/mutex.h"

static struct locks_held others; /* of the process that does not run */

/* The other one runs: locks are a process's. */
static void run(struct proc *proc)
{
    struct locks_held mine = locks_held;

    if (proc == current)
        return;
    locks_held = others;
    others = mine;
    current = proc;
}

static struct proc first = {.pid = 1}, second = {.pid = 2}, third = {.pid = 3};
static struct mutex mutex;
static int sleeps, wakes;
static bool killed;     /* a killable sleep ends at once */
static int early_wakes; /* sleeps that end with the mutex still held by another process */

/* The current process sleeps. Meanwhile the first runs, and unlocks the mutex if it has it. */
int waitq_sleep(struct waitq *queue, bool killable)
{
    struct proc *sleeper = current;

    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(&queue->sleepers, &mutex.waiters);
    sleeps++;
    if (killable && killed)
        return -E_KILLED;
    list_add_tail(&queue->sleepers, &sleeper->wait_link);
    if (early_wakes-- > 0) {
        list_del(&sleeper->wait_link);
        return 0;
    }
    spin_unlock_irqrestore(&sched_lock, true);
    run(&first);
    mutex_unlock(&mutex);
    run(sleeper);
    spin_lock_irqsave(&sched_lock);
    return 0;
}

void wakeup_proc(struct proc *proc)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(mutex.owner, proc);
    list_del(&proc->wait_link);
    wakes++;
}

static void start(void)
{
    mutex_init(&mutex);
    list_init(&first.wait_link);
    list_init(&second.wait_link);
    list_init(&third.wait_link);
    sleeps = wakes = early_wakes = 0;
    killed = false;
    others = locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &first;
}

TEST(free_is_taken_without_sleeping)
{
    start();
    CHECK(!mutex_is_held(&mutex));
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &first);
    mutex_unlock(&mutex);
    CHECK(!mutex_is_held(&mutex));
    CHECK_EQ(sleeps + wakes, 0);
}

TEST(a_waiter_sleeps_until_the_owner_releases)
{
    start();
    mutex_lock(&mutex);
    run(&second);
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &second);
    CHECK_EQ(sleeps, 1);
    CHECK_EQ(wakes, 1);
    CHECK(!spin_is_held(&sched_lock));
    mutex_unlock(&mutex);
}

TEST(a_waiter_woken_too_early_sleeps_again)
{
    start();
    early_wakes = 3;
    mutex_lock(&mutex);
    run(&second);
    mutex_lock(&mutex);
    CHECK_EQ(mutex.owner, &second);
    CHECK_EQ(sleeps, 4);
}

/* Interrupts are off while the scheduler wakes: not longer with many who wait than with few. (D76) */
TEST(unlocking_wakes_one_waiter)
{
    start();
    mutex_lock(&mutex);
    list_add_tail(&mutex.waiters, &second.wait_link);
    list_add_tail(&mutex.waiters, &third.wait_link);
    mutex_unlock(&mutex);
    CHECK_EQ(wakes, 1);
    CHECK_EQ(mutex.waiters.next, &third.wait_link);
}

/* The woken process has the mutex before it runs: the owner cannot lock it again first. (D91) */
TEST(unlocking_hands_the_mutex_to_the_first_waiter)
{
    start();
    mutex_lock(&mutex);
    list_add_tail(&mutex.waiters, &second.wait_link);
    list_add_tail(&mutex.waiters, &third.wait_link);
    mutex_unlock(&mutex);
    CHECK_EQ(mutex.owner, &second);
}

TEST(giving_way_lets_the_waiter_go_first_D91)
{
    start();
    mutex_lock(&mutex);
    mutex_give_way(&mutex); /* no one waits: it stays with its owner */
    CHECK_EQ(mutex.owner, &first);
    CHECK_EQ(sleeps, 0);
    mutex_unlock(&mutex);
}

/* D93: the owner may hold it for long; who is killed meanwhile need not wait. */
TEST(a_kill_ends_the_wait_that_allows_it)
{
    start();
    mutex_lock(&mutex);
    run(&second);
    killed = true;
    CHECK_EQ(mutex_lock_killable(&mutex), -E_KILLED);
    CHECK_EQ(mutex.owner, &first);
    mutex_lock(&mutex); /* this one waits in any case */
    CHECK_EQ(mutex.owner, &second);
    mutex_unlock(&mutex);
    CHECK_EQ(mutex_lock_killable(&mutex), 0); /* it is free */
    mutex_unlock(&mutex);
}

TEST(only_the_owner_may_release_D55)
{
    start();
    mutex_lock(&mutex);
    run(&second);
    CHECK(PANICS("&mutex is released by pid 2, which does not hold it", mutex_unlock(&mutex)));
}

TEST(the_owner_may_not_take_it_twice_D55)
{
    start();
    mutex_lock(&mutex);
    CHECK(PANICS("&mutex is taken by pid 1, which has it", mutex_lock(&mutex)));
}
