/* SPDX-License-Identifier: MIT */
/*
 * kill.c: which processes kill() accepts, and which it wakes. The test implements the process table.
 */
#include <ucow/errno.h>

#include "host_sched.h"
#include "proc/kill.h"
#include "proc/pid.h"

static unsigned traced; /* kills */

struct trace_ring trace_ring = {.on = 1};
void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    CHECK_EQ(event, TRACE_kill);
    CHECK(a == 1 && b == 2); /* who kills whom */
    traced++;
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    (void)event, (void)words;
}

static struct proc killer, victim;
static int wakes;

struct proc *proc_find(int pid)
{
    return pid == victim.pid ? &victim : NULL;
}

void wakeup_proc(struct proc *proc)
{
    CHECK(spin_is_held(&sched_lock));
    CHECK_EQ(proc, &victim);
    victim.state = PROC_RUNNABLE;
    wakes++;
}

/* Set the victim's state and kill it. Returns the result of kill(). */
static int kill(struct proc state)
{
    killer = (struct proc){.magic = PROC_MAGIC, .pid = 1};
    victim = state;
    victim.magic = PROC_MAGIC;
    victim.pid = 2;
    wakes = 0;
    traced = 0;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &killer;
    int result = do_kill(2);
    CHECK(!spin_is_held(&sched_lock));
    return result;
}

TEST(a_running_process_is_told_and_not_woken)
{
    CHECK_EQ(kill((struct proc){.state = PROC_RUNNABLE}), 0);
    CHECK(victim.killed);
    CHECK_EQ(wakes, 0);
    CHECK_EQ(traced, 1);
}

/* D84 */
TEST(a_killable_sleeper_is_woken)
{
    CHECK_EQ(kill((struct proc){.state = PROC_SLEEPING, .killable = true}), 0);
    CHECK(victim.killed);
    CHECK_EQ(wakes, 1);
    CHECK_EQ(kill((struct proc){.state = PROC_SLEEPING}), 0);
    CHECK(victim.killed);
    CHECK_EQ(wakes, 0);
}

/* D48 */
TEST(a_dying_or_dead_process_is_left_alone)
{
    CHECK_EQ(kill((struct proc){.state = PROC_SLEEPING, .killable = true, .killed = true}), -E_KILLED);
    CHECK_EQ(wakes, 0);
    CHECK_EQ(kill((struct proc){.state = PROC_RUNNABLE, .exiting = true}), -E_KILLED);
    CHECK(!victim.killed);
    CHECK_EQ(traced, 0);
    CHECK_EQ(kill((struct proc){.state = PROC_ZOMBIE, .exiting = true}), -E_KILLED);
    CHECK(!victim.killed);
}

/* D03 */
TEST(no_such_process_or_one_of_the_kernels_own)
{
    CHECK_EQ(kill((struct proc){.state = PROC_SLEEPING, .killable = true, .kernel = true}), -E_INVAL);
    CHECK(!victim.killed);
    CHECK_EQ(do_kill(3), -E_INVAL);
    CHECK_EQ(wakes, 0);
}

TEST(the_first_signal_that_kills_is_the_one)
{
    CHECK_EQ(kill((struct proc){.state = PROC_RUNNABLE, .kill_signal = 99}), 0);
    CHECK_EQ(victim.kill_signal, 0); /* kill() of ucow has none */
    CHECK_EQ(do_kill_by(2, 15), -E_KILLED);
    CHECK_EQ(victim.kill_signal, 0);
    victim.killed = false;
    CHECK_EQ(do_kill_by(2, 15), 0);
    CHECK_EQ(victim.kill_signal, 15);
}

TEST(a_process_killed_for_memory_is_told_why)
{
    kill((struct proc){.state = PROC_RUNNABLE});
    CHECK(!victim.out_of_memory);
    victim.killed = false;
    kill_for_memory(&victim);
    CHECK(victim.killed && victim.out_of_memory);
}

/* Among thousands that were killed it would wait for its turn as long as those need to end. */
TEST(who_is_killed_has_no_turn_left)
{
    kill((struct proc){.state = PROC_RUNNABLE, .slice_ticks = 3});
    CHECK_EQ(victim.slice_ticks, 0);
}
