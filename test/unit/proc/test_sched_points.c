/* SPDX-License-Identifier: MIT */
/*
 * sched.c: what the timer, points, returns to user mode and idle do: they let others run, and do the work
 * that interrupts have left.
 */
#include "host_switch.h"

static void tick(void)
{
    struct locks_held locks = locks_handler_begins();
    host_interrupts_on = false;
    sched_tick();
    host_interrupts_on = true;
    locks_handler_ends(locks);
}

TEST(a_tick_counts_for_the_process_that_runs)
{
    start(2);
    tick();
    CHECK_STEPS("tick of 10");
    CHECK(!boot_cpu.need_resched);
    turn_is_over = true;
    tick();
    CHECK(boot_cpu.need_resched);
    start(0);
    turn_is_over = true;
    tick();
    CHECK_STR_EQ(journal, ""); /* idle has no turn */
    CHECK(!boot_cpu.need_resched);
}

static void attend(void)
{
    CHECK(!spin_is_held(&sched_lock) && host_interrupts_on);
    note("attend");
}

TEST(a_tick_reminds_of_work_that_is_left)
{
    start(1);
    sched_on_attention(attend);
    sched_call_attention();
    CHECK(boot_cpu.need_resched);
    boot_cpu.need_resched = false; /* a switch did that */
    tick();
    CHECK(boot_cpu.need_resched);
}

TEST(a_program_that_runs_on_after_its_turn_or_its_end_is_reported)
{
    start(1);
    peak_stretch_eip = USER_TEXT;
    tick();
    boot_cpu.need_resched = true;
    CHECK(PANICS("pid 10 \"p10\" should have given way to another process before it returned", tick()));
    boot_cpu.need_resched = false;
    procs[0].killed = true;
    CHECK(PANICS("pid 10 \"p10\" was killed, but returned to user mode", tick()));
    peak_stretch_eip = USERTOP; /* the kernel was interrupted */
    boot_cpu.need_resched = true;
    tick();
}

/* ---- points and returns to user mode ---- */

TEST(a_point_ends_a_stretch_of_work)
{
    start(2);
    host_tsc = 7000;
    peak_stretch_eip = 1;
    CHECK_EQ(sched_point(), 0);
    CHECK_EQ(peak_stretch_since, 7000);
    CHECK_EQ(peak_stretch_eip, 0);
    CHECK_STR_EQ(journal, ""); /* its turn is not over */
}

TEST(a_point_lets_others_run_and_does_what_is_left)
{
    start(2);
    sched_on_attention(attend);
    sched_call_attention();
    CHECK_EQ(sched_point(), 0);
    CHECK_STEPS("attend", "enqueue 10", "trace: 10 is runnable, 11 runs", "switch from 10 to 11");
    CHECK(!boot_cpu.need_resched && !boot_cpu.attention);
    current->killed = true;
    CHECK_EQ(sched_point(), -E_KILLED);
}

/* A system call or an interrupt handler returns. */
static void return_to_user(void)
{
    host_interrupts_on = false;
    sched_return_to_user();
    CHECK(!host_interrupts_on && !spin_is_held(&sched_lock));
    host_interrupts_on = true;
}

TEST(on_return_to_user_mode_a_process_whose_turn_is_over_gives_way)
{
    start(2);
    return_to_user();
    CHECK_STR_EQ(journal, "");
    boot_cpu.need_resched = true;
    host_tsc = 8000;
    return_to_user();
    CHECK_STEPS("enqueue 10", "trace: 10 is runnable, 11 runs", "switch from 10 to 11");
    CHECK_EQ(peak_stretch_since, 8000);
    CHECK(!boot_cpu.need_resched);
}

TEST(on_return_to_user_mode_the_work_that_is_left_is_done_with_interrupts_on)
{
    start(1);
    sched_on_attention(attend);
    sched_call_attention();
    return_to_user();
    CHECK_STEPS("attend");
    start(1);
    boot_cpu.attention = true; /* and a switch cleared need_resched */
    procs[0].killed = true;
    CHECK(PANICS("exit for reason", return_to_user()));
}

static void be_killed(void)
{
    current->killed = true;
}

TEST(who_was_killed_ends_instead_of_returning)
{
    char words[40];
    snprintf(words, sizeof(words), "exit for reason %d with code %d", EXIT_KILL, -E_KILLED);
    start(2);
    procs[0].killed = true;
    CHECK(PANICS(words, return_to_user()));
    start(2);
    boot_cpu.need_resched = true;
    elsewhere = be_killed; /* while others ran */
    CHECK(PANICS(words, return_to_user()));
}

TEST(no_one_returns_to_user_mode_with_a_lock)
{
    start(1);
    boot_cpu.need_resched = true;
    CHECK(PANICS("pid 10 returns to user mode with a lock held", {
        spin_lock_irqsave(&sched_lock);
        sched_interrupt_return();
    }));
}

/* ---- idle ---- */

TEST(idle_halts_until_an_interrupt)
{
    start(0);
    host_tsc = 9000;
    sched_idle();
    CHECK_STEPS("timer_wake_due", "rules_idle 0");
    CHECK_EQ(host_halts, 1);
    CHECK_EQ(peak_stretch_since, 9000);
    CHECK(host_interrupts_on && !spin_is_held(&sched_lock));
}

TEST(idle_lets_others_run_and_looks_again)
{
    start(0);
    procs[0].state = PROC_RUNNABLE;
    queue[queue_n++] = &procs[0];
    sched_idle();
    CHECK_STEPS("timer_wake_due", "trace: 0 is runnable, 10 runs", "switch from idle to 10", "rules_idle 1");
    CHECK_EQ(host_halts, 0);
    CHECK(host_interrupts_on && !spin_is_held(&sched_lock));
}

TEST(idle_does_the_work_that_is_left)
{
    start(0);
    sched_on_attention(attend);
    sched_call_attention();
    sched_idle();
    CHECK_STEPS("attend", "timer_wake_due", "rules_idle 0");
    CHECK(!boot_cpu.attention);
    CHECK_EQ(host_halts, 1);
}

static void leave_work(void)
{
    boot_cpu.attention = true;
}

TEST(idle_does_not_halt_while_work_is_left)
{
    start(0);
    sched_on_attention(leave_work); /* an interrupt asks again */
    boot_cpu.attention = true;
    sched_idle();
    CHECK_EQ(host_halts, 0);
    CHECK(host_interrupts_on);
}
