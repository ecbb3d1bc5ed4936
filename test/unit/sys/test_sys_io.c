/* SPDX-License-Identifier: MIT */
/*
 * sys_io.c: a character that is there wakes one reader, and no reader sleeps while another leaves one behind.
 *
 * There is one thread here: while the reader "sleeps", characters arrive, or it is killed.
 */
#include <string.h>

#include <ucow/errno.h>

#include "dev/console.h"
#include "dev/input.h"
#include "dev/uart.h"
#include "host_sched.h"
#include "proc/mutex.h"
#include "proc/proc_line.h"
#include "proc/terminal.h"
#include "proc/terminal_keys.h"
#include "sys/syscall.h"

static struct proc reader = {.magic = PROC_MAGIC, .pid = 2};
static const char *arrives; /* while the reader sleeps */
static bool dies, buffer_vanished, in_background;
static void (*while_asleep)(void); /* what another process does */
static int wakes, sleeps, attentions;
static char kept; /* in the serial port, because the queue was full; 0: nothing */
static char got[256];

struct trace_ring trace_ring;
void trace_record(enum trace_event event, ...)
{
    (void)event;
}

void uart_resume(void)
{
    if (kept != 0)
        input_put(kept);
    kept = 0;
}

void console_write(int writer, const char *text, size_t n)
{
    (void)writer, (void)text, (void)n;
}

static unsigned watches; /* how often a process has said that the unfinished line is its prompt */

bool console_watch(int writer, void (*broken)(void))
{
    (void)writer, (void)broken;
    watches++;
    return false;
}

void sched_on_attention(void (*work)(void))
{
    (void)work;
}

void sched_call_attention(void)
{
    attentions++;
}

void terminal_begin_kill(int group)
{
    (void)group;
}

void terminal_begin_status(void)
{
}

bool terminal_go_on(void)
{
    return false;
}

/* Characters arrive. */
static void type(const char *text)
{
    while (*text != '\0')
        input_put(*text++);
}

/* Everything that was not read, as a string. */
static const char *unread(void)
{
    static char text[64];
    unsigned at;
    size_t n = input_peek(text, sizeof(text) - 1, &at);
    text[n] = '\0';
    input_drop(at, n);
    return text;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(killable && list_empty(&queue->sleepers) && spin_is_held(&sched_lock));
    CHECK(in_background || !input_waiting());
    sleeps++;
    type(arrives);
    if (while_asleep != NULL) {
        list_init(&reader.wait_link);
        list_add_tail(&queue->sleepers, &reader.wait_link);
        spin_release(&sched_lock);
        while_asleep();
        spin_take(&sched_lock);
        list_del(&reader.wait_link);
    }
    return dies ? -E_KILLED : 0;
}

void waitq_wake(struct waitq *queue)
{
    CHECK(spin_is_held(&sched_lock));
    wakes++;
    if (!list_empty(&queue->sleepers))
        list_del(list_first(&queue->sleepers));
}

int sched_point(void)
{
    return 0;
}

int mutex_lock_slow(struct mutex *mutex, bool killable)
{
    (void)mutex, (void)killable;
    CHECK(false);
    return 0;
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
    input_add_device();
    unread();
    type(before);
    arrives = meanwhile;
    wakes = sleeps = 0;
    memset(got, 0, sizeof(got));
    int result = sys_read(0, (struct uaddr){(uintptr_t)got}, n);
    CHECK(!spin_is_held(&sched_lock));
    return result;
}

/* D114: from its beginning on the reader's prompt is what is shown again, and no less when its turn comes. */
TEST(a_read_says_whose_line_is_unfinished)
{
    dies = false;
    watches = 0;
    CHECK_EQ(read_from("a", "", 8), 1);
    CHECK_EQ(watches, 2);
}

TEST(what_is_there_is_read_at_once)
{
    dies = false;
    CHECK_EQ(read_from("abc", "", 8), 3);
    CHECK(strcmp(got, "abc") == 0);
    CHECK_EQ(sleeps + wakes, 0);
}

/* A read takes a piece of at most 128 bytes; the rest is the next one's. */
TEST(a_read_takes_a_piece)
{
    static char typed[201], both[201];
    dies = false;
    for (size_t i = 0; i < sizeof(typed) - 1; i++)
        typed[i] = (char)('a' + i % 26);
    CHECK_EQ(read_from(typed, "", 200), 128);
    memcpy(both, got, 128);
    CHECK_EQ(sys_read(0, (struct uaddr){(uintptr_t)got}, 200), 72);
    memcpy(both + 128, got, 72);
    CHECK(strcmp(both, typed) == 0);
    CHECK_EQ(read_from(typed, "", 127), 127);
    CHECK_EQ(sys_read(0, (struct uaddr){(uintptr_t)got}, 200), 73);
}

TEST(a_key_that_the_port_has_kept_acts_when_there_is_room)
{
    dies = false;
    input_set_keys(INPUT_KEY('T'), 0);
    kept = 'T' & 0x1f;
    CHECK_EQ(read_from("abc", "", 8), 3);
    CHECK(input_has_keys());
    CHECK_EQ(attentions, 1);
    input_take_keys();
    input_set_keys(0, 0);
}

/* A program was reading keys; now they end programs again. */
TEST(a_key_typed_before_it_flushes_goes_with_what_is_before_it)
{
    unread();
    type("ab\x03"
         "c");
    input_set_keys(INPUT_KEY('C'), INPUT_KEY('C'));
    CHECK_STR_EQ(unread(), "c");
    CHECK(input_has_keys());
    input_take_keys();
    input_set_keys(0, 0);
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
    CHECK_STR_EQ(unread(), "abc");
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
    terminal_input();
    host_interrupts_on = true;
    locks_handler_ends(locks);
    CHECK_EQ(wakes, 1);
}

TEST(in_mode_lines_a_read_returns_an_edited_line)
{
    dies = false;
    terminal_set_mode(TERM_LINES);
    CHECK_EQ(read_from("axx\x7f\x7f", "b\rc", 8), 3);
    CHECK(memcmp(got, "ab\n", 3) == 0);
    CHECK_EQ(sleeps, 1);
    CHECK_STR_EQ(unread(), "c");
    CHECK_EQ(read_from("", "\x04", 8), 0); /* the end of the input */
    CHECK_EQ(read_from("long\n", "", 2), 2);
    CHECK_EQ(read_from("", "", 8), 3); /* the rest of the line */
    CHECK_EQ(terminal_set_mode(0), TERM_LINES);
    CHECK_EQ(terminal_set_mode(32), -E_INVAL);
}

TEST(a_process_outside_the_foreground_group_waits)
{
    dies = in_background = true;
    reader.group = 5;
    terminal_set_foreground(6);
    CHECK_EQ(read_from("a", "", 8), -E_KILLED); /* it slept although there was input */
    CHECK_EQ(sleeps, 1);
    CHECK_EQ(wakes, 2); /* before it slept and when it was killed: the input is another's */
    watches = 0;
    terminal_begin_read("its own", 7); /* no prompt: the reader in the foreground keeps its own */
    CHECK_EQ(watches, 0);
    terminal_group_gone(6);
    terminal_begin_read("> ", 2);
    CHECK_EQ(watches, 1);
    dies = in_background = false;
    CHECK_EQ(read_from("a", "", 8), 1);
}

static void change_mode(void)
{
    CHECK_EQ(wakes, 0);
    CHECK_EQ(terminal_set_mode(0), TERM_LINES);
    CHECK_EQ(wakes, 1);
}

static void change_group(void)
{
    wakes = 0;
    terminal_set_foreground(6);
    CHECK_EQ(wakes, 1);
    terminal_set_foreground(5);
    CHECK_EQ(wakes, 1); /* it was woken already */
}

TEST(who_waits_looks_again_when_mode_or_foreground_change)
{
    dies = in_background = false;
    terminal_set_mode(TERM_LINES);
    while_asleep = change_mode;
    CHECK_EQ(read_from("", "a", 8), 1); /* it was no line */
    CHECK_EQ(sleeps, 1);
    reader.group = 5;
    terminal_set_foreground(5);
    while_asleep = change_group;
    CHECK_EQ(read_from("", "a", 8), 1);
    while_asleep = NULL;
    terminal_group_gone(5);
}

TEST(standard_input_output_and_errors_are_one_terminal)
{
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &reader;
    for (int fd = -1; fd <= 3; fd++) {
        bool there = fd >= 0 && fd <= 2;
        CHECK_EQ(sys_write(fd, (struct uaddr){(uintptr_t) "text"}, 4), there ? 4 : -E_INVAL);
        CHECK_EQ(sys_write(fd, (struct uaddr){0}, 0), there ? 0 : -E_INVAL);
        CHECK_EQ(sys_read(fd, (struct uaddr){0}, 0), there ? 0 : -E_INVAL);
    }
}
