/* SPDX-License-Identifier: MIT */
/*
 * linux_futex.c: who waits for which word, in which order they are woken, and the ways out of a wait.
 */
#include "proc/linux_futex.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/sleep.h"

#define N 200 /* processes; process 0 calls */
#define AT ((struct uaddr){0x900})

static struct proc procs[N];
static struct linux_proc states[N];
static struct mm mm;
static struct vm_object object;
static struct vma region;
static uint32_t word;
static int copy_error, sleeps, points;
static int (*in_sleep)(void);  /* what happens while a process sleeps; returns what the sleep does */
static void (*at_point)(void); /* and at a point */

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    CHECK(from.va == AT.va && n == 4 && !spin_is_held(&sched_lock));
    memcpy(to, &word, 4);
    return copy_error;
}

struct vma *vma_find(struct vma_set *set, uintptr_t va)
{
    CHECK(set == &mm.vmas && mm.lock.owner == &procs[0]);
    return va < region.end ? &region : NULL;
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK(mutex == &mm.lock && killable);
    return -E_KILLED;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

void timer_arm(uint64_t ticks)
{
    CHECK(spin_is_held(&sched_lock));
    note("arm %u", (unsigned)ticks);
    current->timer_armed = true;
}

void timer_disarm(void)
{
    CHECK(spin_is_held(&sched_lock));
    note("disarm");
    current->timer_armed = false;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(spin_is_held(&sched_lock) && killable && queue != NULL);
    CHECK(++sleeps < 10);
    return in_sleep();
}

void wakeup_proc(struct proc *proc)
{
    CHECK(spin_is_held(&sched_lock));
    note("wake %d", proc->pid);
}

int sched_point(void)
{
    CHECK(!spin_is_held(&sched_lock));
    points++;
    if (at_point != NULL)
        at_point();
    return current->killed ? -E_KILLED : 0;
}

static const struct futex_key a = {&mm, 0x900}, b = {&mm, 0x904}, c = {&object, 0x900};

static int sleep_on(void)
{
    return -E_KILLED;
}

static void start(void)
{
    for (int i = 0; i < N; i++) {
        procs[i] = (struct proc){.magic = PROC_MAGIC, .pid = 300 + i, .linux_state = &states[i], .mm = &mm};
        states[i] = (struct linux_proc){.self = &procs[i]};
    }
    mm = (struct mm){.count = 1};
    mutex_init(&mm.lock);
    region = (struct vma){.start = 0, .end = 0x1000, .object = &object};
    word = 5;
    copy_error = sleeps = points = 0;
    in_sleep = sleep_on;
    at_point = NULL;
    current = &procs[0];
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    journal_clear();
}

TEST(only_a_word_in_shared_memory_is_that_of_its_object)
{
    struct futex_key key;
    start();
    region.flags = VM_READ | VM_WRITE | VM_EXEC;
    CHECK_EQ(futex_key(&key, AT, true), 0);
    CHECK(key.space == &mm && key.va == AT.va);
    region.flags |= VM_SHARED;
    CHECK_EQ(futex_key(&key, AT, true), 0);
    CHECK(key.space == &object && key.va == AT.va);
    CHECK_EQ(futex_key(&key, AT, false), 0);
    CHECK(key.space == &mm && key.va == AT.va);
}

static int parked; /* the process that waits next */
static int limit;  /* and the last one */
static const struct futex_key *const *park_keys;

/* Processes 1 to `limit` wait, each for its key, by sleeping one within the other; then run test(). */
static void (*while_parked)(void);

static int park(void)
{
    struct spinlock *lock = &sched_lock;
    if (parked == limit) {
        current = &procs[0];
        spin_unlock_irqrestore(lock, 1);
        journal_clear();
        while_parked();
        spin_lock_irqsave(lock);
    } else {
        int mine = ++parked;
        sleeps = 0;
        spin_unlock_irqrestore(lock, 1);
        current = &procs[mine];
        futex_wait(park_keys[mine - 1], AT, 5, FUTEX_FOR_EVER);
        spin_lock_irqsave(lock);
    }
    current = &procs[parked < 1 ? 1 : parked];
    return -E_KILLED; /* the sleepers that are left end */
}

static void with_sleepers(int n, const struct futex_key *const *keys, void (*test)(void))
{
    start();
    parked = 1;
    limit = n;
    park_keys = keys;
    while_parked = test;
    in_sleep = park;
    current = &procs[1];
    futex_wait(keys[0], AT, 5, FUTEX_FOR_EVER);
}

TEST(a_word_of_ones_own_memory_or_of_shared_memory)
{
    struct futex_key key;
    start();
    CHECK_EQ(futex_key(&key, AT, false), 0);
    CHECK(key.space == &mm && key.va == AT.va);
    CHECK_EQ(futex_key(&key, AT, true), 0);
    CHECK(key.space == &mm && key.va == AT.va); /* the region is private */
    region.flags = VM_SHARED | VM_READ;
    CHECK_EQ(futex_key(&key, AT, true), 0);
    CHECK(key.space == &object && key.va == AT.va && mm.lock.owner == NULL);
    CHECK_EQ(futex_key(&key, (struct uaddr){0x5000}, false), 0);
    CHECK_EQ(futex_key(&key, (struct uaddr){0x5000}, true), -E_INVAL);
    CHECK(mm.lock.owner == NULL);
    mm.lock.owner = &procs[1];
    CHECK_EQ(futex_key(&key, AT, true), -E_KILLED);
    CHECK_EQ(mm.lock.owner, &procs[1]);
}

TEST(a_wait_that_has_no_reason_ends_at_once)
{
    start();
    CHECK_EQ(futex_wait(&a, AT, 6, FUTEX_FOR_EVER), -E_BUSY);
    CHECK_EQ(futex_wait(&a, AT, 5, 0), -E_TIMEOUT);
    CHECK_EQ(futex_wait(&a, AT, 6, 0), -E_BUSY);
    copy_error = -E_INVAL;
    CHECK_EQ(futex_wait(&a, AT, 5, FUTEX_FOR_EVER), -E_INVAL);
    CHECK_EQ(sleeps, 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(futex_wake(&a, 9), 0);
}

static int time_is_up(void)
{
    if (sleeps == 2)
        current->timer_armed = false;
    return 0;
}

TEST(a_wait_ends_after_its_time)
{
    start();
    in_sleep = time_is_up;
    CHECK_EQ(futex_wait(&a, AT, 5, 70), -E_TIMEOUT);
    CHECK_EQ(sleeps, 2);
    CHECK_STEPS("arm 70");
    CHECK(!states[0].waits && !spin_is_held(&sched_lock));
    CHECK_EQ(futex_wake(&a, 9), 0);
    start();
    CHECK_EQ(futex_wait(&a, AT, 5, 70), -E_KILLED);
    CHECK_STEPS("arm 70", "disarm");
    CHECK_EQ(futex_wake(&a, 9), 0);
    start();
    CHECK_EQ(futex_wait(&a, AT, 5, FUTEX_FOR_EVER), -E_KILLED);
    CHECK_STR_EQ(journal, "");
}

static int is_woken(void)
{
    spin_unlock_irqrestore(&sched_lock, 1);
    CHECK_EQ(futex_wake(&b, 9), 0);
    if (sleeps == 2)
        CHECK_EQ(futex_wake(&a, 9), 1);
    spin_lock_irqsave(&sched_lock);
    return sleeps == 2 ? -E_KILLED : 0; /* too late: it is woken */
}

TEST(a_wait_ends_when_woken)
{
    start();
    in_sleep = is_woken;
    CHECK_EQ(futex_wait(&a, AT, 5, 70), 0);
    CHECK_EQ(sleeps, 2);
    CHECK_STEPS("arm 70", "wake 300", "disarm");
}

static void wake_some(void)
{
    CHECK_EQ(futex_wake(&a, 0), 0);
    CHECK_EQ(futex_wake(&a, 2), 2);
    CHECK_STEPS("wake 301", "wake 303");
    CHECK_EQ(futex_wake(&a, 9), 1);
    CHECK_STEPS("wake 306");
    CHECK_EQ(futex_wake(&a, 9), 0);
    CHECK_EQ(futex_wake(&c, 9), 1);
    CHECK_STEPS("wake 304");
    CHECK_EQ(futex_wake(&b, 9), 2);
    CHECK_STEPS("wake 302", "wake 305");
}

static const struct futex_key *const mixed[] = {&a, &b, &a, &c, &b, &a};

TEST(those_that_came_first_are_woken_first)
{
    with_sleepers(6, mixed, wake_some);
}

static void move_some(void)
{
    CHECK_EQ(futex_move(&a, &b, 2), 2);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(futex_wake(&a, 9), 1);
    CHECK_STEPS("wake 306");
    CHECK_EQ(futex_wake(&b, 9), 4);
    CHECK_STEPS("wake 302", "wake 305", "wake 301", "wake 303");
}

TEST(those_that_are_moved_come_last)
{
    with_sleepers(6, mixed, move_some);
}

static void move_to_itself(void)
{
    CHECK_EQ(futex_move(&a, &a, 9), 3); /* each once */
    CHECK_EQ(futex_wake(&a, 9), 3);
    CHECK_STEPS("wake 301", "wake 303", "wake 306");
}

TEST(a_move_moves_each_once)
{
    with_sleepers(6, mixed, move_to_itself);
}

static const struct futex_key *many[N];

static void wake_many(void)
{
    CHECK_EQ(futex_wake(&a, 63), 63);
    CHECK_EQ(points, 0);
    CHECK_EQ(futex_wake(&a, 70), 70);
    CHECK_EQ(points, 1);
    procs[0].killed = true;
    CHECK_EQ(futex_wake(&a, 200), 64); /* a caller that is killed stops there */
    CHECK_EQ(points, 2);
}

TEST(others_run_between_many)
{
    for (int i = 0; i < N; i++)
        many[i] = &a;
    with_sleepers(N - 1, many, wake_many);
}
