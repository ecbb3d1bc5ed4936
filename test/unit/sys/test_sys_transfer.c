/* SPDX-License-Identifier: MIT */
/*
 * sys_io.c: what a write sends and a read delivers, byte by byte, under which lock, and what stops them.
 * test_sys_io.c has the terminal behind them.
 */
#include <string.h>

#include <ucow/errno.h>

#include "dev/input.h"
#include "host_sched.h"
#include "journal.h"
#include "proc/mutex.h"
#include "proc/proc_line.h"
#include "proc/terminal.h"
#include "sys/syscall.h"

static struct proc self = {.magic = PROC_MAGIC, .pid = 2}, other = {.magic = PROC_MAGIC, .pid = 3};
static struct mutex *lock;   /* the one that was held last */
static char text[17 * 4096]; /* what was written */
static size_t text_length, piece_most;
static bool device, killed_in_line;
static size_t killed_after;              /* bytes of output */
static int begins;                       /* reads that have begun */
static uintptr_t unreadable, unwritable; /* bytes of the program's memory */
static size_t vanishes_at;               /* the buffer of a write ends there */
static int wait_error;

static const char *held(void)
{
    return locks_held.sleeping == NULL ? "no lock" : locks_held.sleeping->class->name;
}

static struct mutex *held_mutex(void)
{
    return container_of(locks_held.sleeping, struct mutex, check);
}

void proc_line_write(const char *at, size_t n)
{
    CHECK_STR_EQ(held(), "writing");
    lock = held_mutex();
    memcpy(text + text_length, at, n);
    text_length += n;
    piece_most = n > piece_most ? n : piece_most;
}

void proc_line_flush(void)
{
    note("flush");
}

int sched_point(void)
{
    return text_length >= killed_after ? -E_KILLED : 0;
}

/* The process has its turn after `other`, or is killed. */
int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    CHECK(killable);
    note("wait for %s after %u bytes", mutex->check.class->name, (unsigned)text_length);
    if (killed_in_line)
        return -E_KILLED;
    mutex->owner = current;
    return 0;
}

void mutex_hand_over(struct mutex *mutex)
{
    list_del(list_first(&mutex->waiters));
    mutex->owner = &other;
}

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    if (from.va == unreadable || (vanishes_at != 0 && text_length >= vanishes_at))
        return -E_INVAL;
    memcpy(to, (const void *)from.va, n);
    return 0;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    note("%s: copy %u", held(), (unsigned)n);
    if (to.va == unwritable)
        return -E_INVAL;
    memcpy((void *)to.va, from, n);
    return 0;
}

int probe_user(struct uaddr from, size_t n)
{
    return unreadable - from.va < n || n == 0 ? -E_INVAL : 0;
}

bool input_has_device(void)
{
    return device;
}

void terminal_begin_read(const char *line, size_t n)
{
    begins++;
    note("begin '%.*s'", (int)n, line);
}

int terminal_wait(void)
{
    note("%s: wait", held());
    return wait_error;
}

static int at_peek[4]; /* what terminal_peek() returns, one after the other */
static size_t peeks;

int terminal_peek(char *to, size_t n)
{
    int taken = at_peek[peeks++];
    note("%s: peek %u", held(), (unsigned)n);
    lock = held_mutex();
    if (taken > 0)
        memset(to, 'r', (size_t)taken);
    return taken;
}

void terminal_drop(size_t n)
{
    note("%s: drop %u", held(), (unsigned)n);
}

int terminal_set_mode(uint32_t mode)
{
    return (int)mode + 1;
}

static void start(void)
{
    current = &self;
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    text_length = piece_most = vanishes_at = peeks = 0;
    unreadable = unwritable = 0;
    killed_after = SIZE_MAX;
    device = true;
    killed_in_line = false;
    begins = wait_error = 0;
    memset(at_peek, 0, sizeof(at_peek));
    memset(text, 0, sizeof(text));
    self.line = NULL;
    self.line_length = 0;
    journal_clear();
}

static struct uaddr user(const void *at)
{
    return (struct uaddr){(uintptr_t)at};
}

/* Whether the lock is free again, and the process holds none. */
static void check_free(void)
{
    CHECK_STR_EQ(held(), "no lock");
    CHECK(lock != NULL && !mutex_is_held(lock));
}

static char output[sizeof(text)];

static void fill_output(void)
{
    for (size_t i = 0; i < sizeof(output); i++)
        output[i] = (char)('a' + i % 23);
}

TEST(a_write_sends_all_its_bytes_in_their_order)
{
    static const uint32_t lengths[] = {1, 127, 128, 129, 4095, 4096, 4097, 8192, sizeof(output)};
    fill_output();
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        start();
        CHECK_EQ(sys_write(1, user(output), lengths[i]), lengths[i]);
        CHECK_EQ(text_length, lengths[i]);
        CHECK_EQ(memcmp(text, output, text_length), 0);
        CHECK(piece_most <= 128);
        check_free();
    }
}

TEST(a_character_is_written_alone)
{
    start();
    CHECK_EQ(sys_putc('x' | 0x300), 0);
    CHECK_STR_EQ(text, "x");
    check_free();
    lock->owner = &other;
    CHECK_EQ(sys_putc('y'), 0);
    CHECK_STEPS("wait for writing after 1 bytes");
    CHECK_STR_EQ(text, "xy");
    lock->owner = &other;
    killed_in_line = true;
    CHECK_EQ(sys_putc('z'), -E_KILLED);
    CHECK_STR_EQ(text, "xy");
    CHECK_EQ(lock->owner, &other);
    lock->owner = NULL;
}

TEST(a_writer_waits_for_its_turn)
{
    start();
    sys_putc('x');
    lock->owner = &other;
    CHECK_EQ(sys_write(1, user(output), 3), 3);
    CHECK_STEPS("wait for writing after 1 bytes");
    check_free();
    lock->owner = &other;
    killed_in_line = true;
    CHECK_EQ(sys_write(1, user(output), 3), -E_KILLED);
    CHECK_EQ(text_length, 4);
    CHECK_EQ(lock->owner, &other);
    lock->owner = NULL;
}

/* Who waits has the console after 4 KiB, and after 4 KiB more if another waits then. */
TEST(a_long_write_gives_way_after_4_kib)
{
    struct list_node waiter, second;
    fill_output();
    start();
    sys_putc('x');
    list_add_tail(&lock->waiters, &waiter);
    list_add_tail(&lock->waiters, &second);
    text_length = 0;
    CHECK_EQ(sys_write(1, user(output), 8192 + 128), 8192 + 128);
    CHECK_STEPS("wait for writing after 4096 bytes", "wait for writing after 8192 bytes");
    CHECK_EQ(memcmp(text, output, 8192 + 128), 0);
    check_free();
}

TEST(a_writer_that_is_killed_while_it_gives_way_has_no_lock)
{
    struct list_node waiter;
    start();
    sys_putc('x');
    list_add_tail(&lock->waiters, &waiter);
    text_length = 0;
    killed_in_line = true;
    CHECK_EQ(sys_write(1, user(output), 8192), -E_KILLED);
    CHECK_EQ(text_length, 4096);
    CHECK_STR_EQ(held(), "no lock");
    CHECK_EQ(lock->owner, &other);
    lock->owner = NULL;
}

TEST(a_killed_writer_stops)
{
    struct list_node waiter;
    start();
    sys_putc('x');
    text_length = 0;
    killed_after = 256;
    CHECK_EQ(sys_write(1, user(output), 1000), -E_KILLED);
    CHECK_EQ(text_length, 256);
    check_free();
    start(); /* and it does not wait for others any more */
    list_add_tail(&lock->waiters, &waiter);
    killed_after = 4096;
    CHECK_EQ(sys_write(1, user(output), 8192), -E_KILLED);
    CHECK_EQ(text_length, 4096);
    CHECK_STR_EQ(journal, "");
    list_del(&waiter);
    lock->owner = NULL;
}

TEST(a_buffer_that_cannot_be_read_is_an_error)
{
    start();
    sys_putc('x');
    text_length = 0;
    unreadable = (uintptr_t)output + 300;
    CHECK_EQ(sys_write(1, user(output), 301), -E_INVAL); /* before a byte is written */
    CHECK_EQ(sys_write(1, user(output + 300), 1), -E_INVAL);
    CHECK_EQ(text_length, 0);
    CHECK_EQ(sys_write(1, user(output + 300), 0), 0);
    check_free();
    CHECK_EQ(sys_write(1, user(output), 300), 300);
    CHECK_EQ(text_length, 300);
    text_length = 0;
    unreadable = 0;
    vanishes_at = 256; /* another thread unmaps it */
    CHECK_EQ(sys_write(1, user(output), 1000), -E_INVAL);
    CHECK_EQ(text_length, 256);
    check_free();
}

/* The unfinished line of the process is its prompt: it is said whose it is, and shown. */
TEST(a_read_begins_with_the_prompt)
{
    char got[200] = "";
    start();
    self.line = "prompt> ...";
    self.line_length = 8;
    at_peek[0] = 3;
    CHECK_EQ(sys_read(0, user(got), 5), 3);
    CHECK_STR_EQ(got, "rrr");
    CHECK_STEPS("no lock: copy 1", "no lock: copy 1", "begin 'prompt> '", "flush", "no lock: wait",
                "reading: peek 5", "reading: copy 3", "reading: drop 3");
    check_free();
}

TEST(a_read_waits_again_until_there_is_something)
{
    char got[200] = "";
    start();
    at_peek[0] = at_peek[1] = TERMINAL_NOTHING;
    at_peek[2] = 128;
    CHECK_EQ(sys_read(2, user(got), 200), 128);
    CHECK_STEPS("no lock: copy 1", "no lock: copy 1", "begin ''", "flush", "no lock: wait",
                "reading: peek 128", "reading: drop 0", "no lock: wait", "reading: peek 128",
                "reading: drop 0", "no lock: wait", "reading: peek 128", "reading: copy 128",
                "reading: drop 128");
    check_free();
    start();
    CHECK_EQ(sys_read(0, user(got), 1), 0); /* the end of the input */
    CHECK_STEPS("no lock: copy 1", "no lock: copy 1", "begin ''", "flush", "no lock: wait", "reading: peek 1",
                "reading: drop 0");
}

TEST(a_killed_reader_leaves_the_input_to_the_next)
{
    char got[8] = "";
    start();
    wait_error = -E_KILLED;
    CHECK_EQ(sys_read(0, user(got), 5), -E_KILLED);
    CHECK_STEPS("no lock: copy 1", "no lock: copy 1", "begin ''", "flush", "no lock: wait",
                "no lock: drop 0");
    start();
    at_peek[0] = 1;
    CHECK_EQ(sys_read(0, user(got), 5), 1);
    journal_clear();
    lock->owner = &other; /* another reader takes its input */
    killed_in_line = true;
    CHECK_EQ(sys_read(0, user(got), 5), -E_KILLED);
    CHECK_STEPS("no lock: copy 1", "no lock: copy 1", "begin ''", "flush", "no lock: wait",
                "wait for reading after 0 bytes", "no lock: drop 0");
    CHECK_EQ(lock->owner, &other);
    lock->owner = NULL;
}

/* One that cannot be written is noticed before the process waits, its first byte as well as its last. */
TEST(a_bad_buffer_is_an_error_before_the_wait)
{
    start();
    for (int last = 0; last < 2; last++) {
        static char got[500];
        uintptr_t bad = (uintptr_t)got + (last ? 127 : 0);
        start();
        unreadable = bad;
        CHECK_EQ(sys_read(0, user(got), sizeof(got)), -E_INVAL);
        start();
        unwritable = bad;
        CHECK_EQ(sys_read(0, user(got), sizeof(got)), -E_INVAL);
        CHECK_EQ(begins, 0);
    }
}

TEST(a_buffer_keeps_its_bytes_until_there_is_input)
{
    char got[200];
    start();
    memset(got, '.', sizeof(got));
    at_peek[0] = 0;
    CHECK_EQ(sys_read(0, user(got), sizeof(got)), 0);
    for (size_t i = 0; i < sizeof(got); i++)
        CHECK_EQ(got[i], '.');
}

TEST(without_a_device_no_one_waits)
{
    char got[8];
    start();
    device = false;
    CHECK_EQ(sys_read(0, user(got), 5), -E_NO_DEV);
    CHECK_EQ(begins, 0);
}

TEST(the_mode_is_the_terminals)
{
    CHECK_EQ(sys_tcsetmode(4), 5);
}
