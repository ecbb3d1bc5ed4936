/* SPDX-License-Identifier: MIT */
/*
 * terminal.c: which of the processes that wait for input are woken, when, and how many at once.
 */
#include "host_terminal.h"

static int want_n; /* processes that are to sleep */
static void (*last)(void);

/* While the processes so far sleep, the next waits too, until there are want_n; then last(). */
static void next_waits(void)
{
    if (asleep_n == want_n) {
        last();
        dies = true;
        return;
    }
    current = &sleepers[asleep_n];
    terminal_wait();
}

/* `n` processes wait; then this happens, and they are killed, those that came last first. */
static void while_waiting(int n, void (*what)(void))
{
    want_n = n;
    last = what;
    meanwhile = next_waits;
    CHECK_EQ(terminal_wait(), -E_KILLED);
    CHECK_EQ(asleep_n, n);
}

static void change_mode(void)
{
    CHECK_EQ(awake_n, 0);
    terminal_set_mode(TERM_LINES);
    CHECK_EQ(awake_n, MIN(want_n, 64));
    terminal_set_mode(0); /* they are awake already */
    CHECK_EQ(awake_n, MIN(want_n, 64));
}

/* Interrupts are off while many are woken. */
TEST(all_readers_are_woken_but_only_64_at_once)
{
    for (int n = 63; n <= SLEEPERS; n++) {
        start(5, 0);
        input_interrupt(); /* wakes no one */
        while_waiting(n, change_mode);
        /* Of the others, one was woken by each that ran, which took itself off the other end of the queue. */
        CHECK_EQ(awake_n, n <= 64 ? n : 64 + (n - 64) / 2);
    }
}

static void do_nothing(void)
{
}

static void change_mode_before_others_sleep(void)
{
    change_mode();
    want_n = 150;
    last = do_nothing;
    next_waits();
}

TEST(those_who_sleep_later_are_not_woken_with_them)
{
    start(5, 0);
    want_n = 100;
    last = change_mode_before_others_sleep;
    meanwhile = next_waits;
    CHECK_EQ(terminal_wait(), -E_KILLED);
    CHECK_EQ(asleep_n, 150);
    CHECK_EQ(awake_n, 100);
}

static void break_line(void)
{
    attend();
    CHECK_EQ(awake_n, 0);
    line_is_broken();
    attend();
    CHECK_EQ(awake_n, 3);
}

TEST(readers_look_again_when_the_line_is_broken)
{
    start(5, 0);
    while_waiting(3, break_line);
}

static void type_two(void)
{
    type("a");
    input_interrupt();
    CHECK_EQ(awake_n, 1);
    type("b");
    input_interrupt();
    CHECK_EQ(awake_n, 2);
}

TEST(each_interrupt_wakes_one_reader)
{
    start(5, 0);
    while_waiting(3, type_two);
}

static void change_foreground(void)
{
    terminal_group_gone(6); /* another */
    CHECK_EQ(terminal_foreground(), 90);
    type("a");
    input_interrupt();
    CHECK_EQ(awake_n, 0); /* they may not read */
    terminal_set_foreground(7);
    CHECK_EQ(awake_n, 3);
}

TEST(those_in_the_background_look_again_when_the_foreground_changes)
{
    start(5, 0);
    terminal_set_foreground(90);
    while_waiting(3, change_foreground);
    CHECK_EQ(terminal_foreground(), 7);
}

static void foreground_goes(void)
{
    terminal_group_gone(90);
    CHECK_EQ(terminal_foreground(), 0);
    CHECK_EQ(awake_n, 3);
}

TEST(those_in_the_background_look_again_when_the_foreground_group_is_gone)
{
    start(5, 0);
    terminal_set_foreground(90);
    while_waiting(3, foreground_goes);
}

static void read_one_of_two(void)
{
    current = &sleepers[SLEEPERS - 1];
    type("ab");
    CHECK_STR_EQ(read_some(1), "a");
    CHECK_EQ(awake_n, 1);
    CHECK_STR_EQ(read_some(1), "b");
    CHECK_EQ(awake_n, 1); /* nothing is left */
}

TEST(what_a_reader_leaves_wakes_the_next)
{
    start(5, 0);
    while_waiting(3, read_one_of_two);
}
