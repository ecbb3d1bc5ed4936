/* SPDX-License-Identifier: MIT */
/*
 * sys_io.c: a character that is there wakes one reader, and no reader sleeps while another leaves one behind.
 *
 * There is one thread here: while the reader "sleeps", characters arrive, or it is killed.
 */
#include <string.h>

#include <ucow/errno.h>

#include "dev/uart.h"
#include "host_sched.h"
#include "proc/mutex.h"
#include "proc/proc_line.h"
#include "sys/sys_io.h"
#include "sys/syscall.h"

static struct proc reader = {.magic = PROC_MAGIC, .pid = 2};
static const char *arrived, *arrives; /* before the reader sleeps, and meanwhile */
static bool dies, buffer_vanished;
static int wakes, sleeps;
static char got[8];

bool uart_present(void)
{
    return true;
}

bool uart_waiting(void)
{
    return *arrived != '\0';
}

size_t uart_peek(char *to, size_t n)
{
    size_t there = strlen(arrived);
    memcpy(to, arrived, n < there ? n : there);
    return n < there ? n : there;
}

void uart_drop(size_t n)
{
    arrived += n;
}

unsigned uart_take_lost(void)
{
    return 0;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(killable && list_empty(&queue->sleepers) && spin_is_held(&sched_lock));
    CHECK(!uart_waiting());
    sleeps++;
    arrived = arrives;
    return dies ? -E_KILLED : 0;
}

void waitq_wake(struct waitq *queue)
{
    (void)queue;
    CHECK(spin_is_held(&sched_lock));
    wakes++;
}

int sched_point(void)
{
    return 0;
}

void mutex_lock_slow(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

void mutex_hand_over(struct mutex *mutex)
{
    (void)mutex;
    CHECK(false);
}

void proc_line_write(const char *text, size_t n)
{
    (void)text, (void)n;
}

void proc_line_flush(void)
{
}

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    memcpy(to, (const void *)from.va, n);
    return 0;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    if (buffer_vanished && n > 0 && sleeps > 0)
        return -E_INVAL;
    memcpy((void *)to.va, from, n);
    return 0;
}

int probe_user(struct uaddr from, size_t n)
{
    (void)from, (void)n;
    return 0;
}

/* read(0, got, n), with what has arrived before and what arrives while it sleeps. */
static int read_from(const char *before, const char *meanwhile, uint32_t n)
{
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &reader;
    arrived = before;
    arrives = meanwhile;
    wakes = sleeps = 0;
    memset(got, 0, sizeof(got));
    int result = sys_read(0, (struct uaddr){(uintptr_t)got}, n);
    CHECK(!spin_is_held(&sched_lock));
    return result;
}

TEST(what_is_there_is_read_at_once)
{
    dies = false;
    CHECK_EQ(read_from("abc", "", 8), 3);
    CHECK(strcmp(got, "abc") == 0);
    CHECK_EQ(sleeps + wakes, 0);
}

TEST(a_reader_sleeps_until_something_is_there)
{
    dies = false;
    CHECK_EQ(read_from("", "a", 8), 1);
    CHECK(strcmp(got, "a") == 0);
    CHECK_EQ(sleeps, 1);
    CHECK_EQ(wakes, 0);
}

TEST(what_a_reader_leaves_is_the_next_ones)
{
    dies = false;
    CHECK_EQ(read_from("", "abc", 2), 2);
    CHECK(strcmp(got, "ab") == 0);
    CHECK_EQ(wakes, 1);
}

TEST(what_a_killed_reader_was_woken_for_is_the_next_ones)
{
    dies = true;
    CHECK_EQ(read_from("", "a", 8), -E_KILLED);
    CHECK_EQ(got[0], '\0');
    CHECK_EQ(wakes, 1);
}

TEST(input_that_cannot_be_delivered_is_the_next_readers_D107)
{
    dies = false;
    buffer_vanished = true;
    CHECK_EQ(read_from("", "abc", 8), -E_INVAL);
    CHECK_STR_EQ(arrived, "abc");
    CHECK_EQ(wakes, 1);
    buffer_vanished = false;
}

TEST(a_killed_reader_wakes_no_process)
{
    dies = true;
    CHECK_EQ(read_from("", "", 8), -E_KILLED);
    CHECK_EQ(wakes, 0);
}

TEST(a_character_wakes_one)
{
    wakes = 0;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &reader;
    struct locks_held locks = locks_handler_begins();
    host_interrupts_on = false;
    sys_io_input();
    host_interrupts_on = true;
    locks_handler_ends(locks);
    CHECK_EQ(wakes, 1);
}
