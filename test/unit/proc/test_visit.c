/* SPDX-License-Identifier: MIT */
/*
 * visit.c: who looks into a memory keeps it, and gives it back.
 */
#include "proc/visit.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "proc/mutex.h"

static struct proc self, owner;
static struct mm mm;
static bool killed;

void mm_drop(struct mm *what)
{
    CHECK_EQ(what, &mm);
    CHECK(mm.lock.owner != &self);
    note("drop with %u visitors", mm.visitors);
    mm.count--;
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK(mutex == &mm.lock && killable);
    CHECK(mm.count == 2 && mm.visitors == 1);
    if (!killed)
        mutex->owner = &self;
    return killed ? -E_KILLED : 0;
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

void sched_yield(void)
{
    note("yield");
    mm.visitors--;
    mm.count--;
}

static void start(void)
{
    self = (struct proc){.magic = PROC_MAGIC, .pid = 1};
    owner = (struct proc){.magic = PROC_MAGIC, .pid = 2};
    mm = (struct mm){.count = 1};
    mutex_init(&mm.lock);
    killed = false;
    current = &self;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    journal_clear();
}

TEST(a_visit_holds_the_memory_and_its_lock)
{
    start();
    CHECK_EQ(visit_begin(&mm), 0);
    CHECK(mm.count == 2 && mm.visitors == 1 && mm.lock.owner == &self);
    CHECK_EQ(mm_users(&mm), 1);
    visit_end(&mm);
    CHECK(mm.count == 1 && mm.visitors == 0 && mm.lock.owner == NULL);
    CHECK_STEPS("drop with 0 visitors");
}

TEST(it_waits_for_the_lock)
{
    start();
    mm.lock.owner = &owner;
    CHECK_EQ(visit_begin(&mm), 0);
    CHECK_EQ(mm.lock.owner, &self);
    visit_end(&mm);
    CHECK(mm.count == 1 && mm.visitors == 0);
}

TEST(a_visitor_that_is_killed_keeps_nothing)
{
    start();
    mm.lock.owner = &owner;
    killed = true;
    CHECK_EQ(visit_begin(&mm), -E_KILLED);
    CHECK(mm.count == 1 && mm.visitors == 0 && mm.lock.owner == &owner);
    CHECK_STEPS("drop with 0 visitors");
}

TEST(the_last_user_waits_for_visitors)
{
    start();
    visit_await_last(&mm); /* there are none */
    mm = (struct mm){.count = 3, .visitors = 1};
    visit_await_last(&mm); /* there is another user */
    CHECK_STR_EQ(journal, "");
    mm = (struct mm){.count = 4, .visitors = 3};
    visit_await_last(&mm);
    CHECK_STEPS("yield", "yield", "yield");
}
