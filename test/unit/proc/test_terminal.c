/* SPDX-License-Identifier: MIT */
/*
 * terminal.c: what each mode makes of what is typed, what keys do, who is woken, and what is shown again
 * after another process has written. test_sys_io.c reads through system calls.
 *
 * There is one thread here: while a process "sleeps", others act.
 */
#include "proc/terminal.h"

#include <ucow/errno.h>

#include "dev/console.h"
#include "dev/input.h"
#include "dev/uart.h"
#include "host_console.h"
#include "journal.h"
#include "proc/sched.h"
#include "proc/terminal_keys.h"

#define SLEEPERS 200

struct cpu boot_cpu;
struct spinlock sched_lock = SPINLOCK_IRQ("sched");
uint32_t peak_irq_off_max = UINT32_MAX;
bool host_interrupts_on = true;

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)tsc, (void)caller;
}

void backtrace_print_caller(uintptr_t address)
{
    (void)address;
}

static struct proc sleepers[SLEEPERS];
static int asleep_n, awake_n; /* how many began to sleep, and were woken by another */
static bool dies;             /* a kill ends each sleep */
static void (*meanwhile)(void);
static void (*attend)(void), (*line_is_broken)(void);
static int watched, attentions, kept;
static bool more_to_do;

void uart_resume(void)
{
    if (kept != 0)
        input_put((char)kept);
    kept = 0;
}

void console_write(int writer, const char *text, size_t n)
{
    CHECK_EQ(writer, current->pid);
    size_t used = strlen(console);
    memcpy(console + used, text, n);
    console[used + n] = '\0';
}

bool console_watch(int writer, void (*broken)(void))
{
    bool changed = writer != watched;
    watched = writer;
    line_is_broken = broken;
    return changed;
}

void sched_on_attention(void (*work)(void))
{
    attend = work;
}

void sched_call_attention(void)
{
    attentions++;
}

void terminal_begin_kill(int group)
{
    note("kill group %d", group);
}

void terminal_begin_status(void)
{
    note("status");
}

bool terminal_go_on(void)
{
    return more_to_do;
}

int waitq_sleep(struct waitq *queue, bool killable)
{
    CHECK(killable && spin_is_held(&sched_lock));
    struct proc *self = current;
    list_add_tail(&queue->sleepers, &self->wait_link);
    asleep_n++;
    spin_release(&sched_lock);
    host_interrupts_on = true;
    if (meanwhile != NULL)
        meanwhile();
    host_interrupts_on = false;
    spin_take(&sched_lock);
    current = self;
    if (!list_empty(&self->wait_link))
        list_del(&self->wait_link);
    return dies ? -E_KILLED : 0;
}

void waitq_wake(struct waitq *queue)
{
    CHECK(spin_is_held(&sched_lock));
    if (list_empty(&queue->sleepers))
        return;
    awake_n++;
    list_del(list_first(&queue->sleepers));
}

static void input_interrupt(void)
{
    struct locks_held locks = locks_handler_begins();
    host_interrupts_on = false;
    terminal_input();
    host_interrupts_on = true;
    locks_handler_ends(locks);
}

/* Typed at once, without an interrupt. */
static void type(const char *text)
{
    while (*text != '\0')
        input_put(*text++);
}

static char got[128];

/* A read of what is there; NULL: it would wait. */
static const char *read_some(size_t n)
{
    int bytes = terminal_peek(got, n);
    if (bytes == TERMINAL_NOTHING)
        return NULL;
    got[bytes] = '\0';
    terminal_drop((size_t)bytes);
    return got;
}

/* Process `pid` of group `pid` runs in this mode; nothing was typed. */
static void start(int pid, uint32_t mode)
{
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &sleepers[0];
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct proc){.magic = PROC_MAGIC, .pid = pid + i, .group = pid + i};
        list_init(&sleepers[i].wait_link);
    }
    terminal_init();
    meanwhile = NULL;
    dies = more_to_do = false;
    terminal_set_mode(0);
    while (read_some(100) != NULL)
        ;
    terminal_set_foreground(0);
    terminal_begin_read(NULL, 0);
    input_take_keys();
    terminal_set_mode(mode);
    asleep_n = awake_n = attentions = 0;
    journal_clear();
    console_clear();
}

/* This is the first test: no one has set a mode. */
TEST(at_boot_only_the_key_for_the_status_acts)
{
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    current = &sleepers[0];
    terminal_init();
    type("a\x03\x14\x1c");
    CHECK_EQ(input_take_keys(), TERMINAL_STATUS_KEYS);
    CHECK_STR_EQ(read_some(8), "a\x03\x1c");
    CHECK_EQ(terminal_set_mode(0), TERM_STATUS);
}

TEST(all_modes_there_are_can_be_set_and_no_others)
{
    start(5, 0);
    for (uint32_t mode = 1; mode < 32; mode++)
        CHECK_EQ(terminal_set_mode(mode), mode - 1);
    for (uint32_t bit = 32; bit != 0; bit <<= 1)
        CHECK_EQ(terminal_set_mode(bit | TERM_ECHO), -E_INVAL);
    CHECK_EQ(terminal_set_mode(0), 31);
}

/* ^C and ^\ discard what was typed before. */
TEST(a_mode_says_which_keys_act)
{
    start(5, 0);
    for (uint32_t mode = 0; mode < 32; mode++) {
        bool ending = (mode & TERM_KEYS) != 0, status = (mode & TERM_STATUS) != 0;
        terminal_set_mode(mode & ~TERM_LINES);
        type("a\x14");
        CHECK_EQ(input_take_keys(), status ? TERMINAL_STATUS_KEYS : 0);
        CHECK_STR_EQ(read_some(8), status ? "a" : "a\x14");
        for (const char *key = "\x03\x1c"; *key != '\0'; key++) {
            const char text[] = {'a', *key, '\0'};
            type(text);
            CHECK_EQ(input_take_keys(), ending ? INPUT_KEY(*key) : 0);
            const char *rest = read_some(8);
            CHECK(ending ? rest == NULL : rest != NULL && strcmp(rest, text) == 0);
        }
    }
}

TEST(a_key_calls_for_attention_and_a_byte_does_not)
{
    start(5, TERM_USUAL);
    type("a");
    input_interrupt();
    CHECK_EQ(attentions, 0);
    type("\x03");
    input_interrupt();
    CHECK_EQ(attentions, 1);
    attend();
    CHECK(!input_has_keys());
}

TEST(the_key_that_ends_programs_kills_the_foreground_group)
{
    start(5, TERM_USUAL);
    terminal_set_foreground(7);
    type("\x03");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, "^C\n");
    attend();
    CHECK_STR_EQ(journal, ""); /* once */
    console_clear();
    type("\x1c");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, "^\\\n");
    terminal_set_mode(TERM_KEYS | TERM_STATUS | TERM_LINES);
    console_clear();
    type("\x03");
    attend();
    CHECK_STEPS("kill group 7");
    CHECK_STR_EQ(console, ""); /* no echo */
}

TEST(the_status_key_kills_no_one)
{
    start(5, TERM_USUAL);
    type("\x14");
    attend();
    CHECK_STEPS("status");
    CHECK_STR_EQ(console, "");
    type("\x03");
    attend();
    CHECK_STEPS("kill group 0");
}

TEST(an_ending_key_discards_the_unfinished_line)
{
    start(5, TERM_USUAL);
    type("abc");
    CHECK(read_some(8) == NULL); /* no line yet */
    type("\x14");
    attend();
    type("d");
    CHECK(read_some(8) == NULL);
    type("\x03");
    attend();
    type("e\n");
    CHECK_STR_EQ(read_some(8), "e\n");
}

TEST(work_on_keys_that_is_not_finished_calls_for_attention_again)
{
    start(5, TERM_USUAL);
    attend();
    CHECK_EQ(attentions, 0);
    more_to_do = true;
    attend();
    CHECK_EQ(attentions, 1);
}

/* The port kept it while the queue was full. */
TEST(a_change_of_mode_takes_what_the_port_has_kept)
{
    start(5, TERM_USUAL);
    kept = 'x';
    terminal_set_mode(0);
    CHECK_EQ(attentions, 0);
    CHECK_STR_EQ(read_some(8), "x");
    kept = 3;
    terminal_set_mode(TERM_KEYS);
    CHECK_EQ(attentions, 1);
    CHECK(input_has_keys());
}

/* ---- lines ---- */

TEST(an_unfinished_line_can_be_read_in_a_mode_without_lines)
{
    start(5, TERM_LINES);
    type("abc");
    CHECK(read_some(8) == NULL);
    terminal_set_mode(TERM_KEYS | TERM_ECHO);
    CHECK_EQ(terminal_wait(), 0);
    CHECK_EQ(asleep_n, 0);
    CHECK_STR_EQ(read_some(2), "ab");
    CHECK_STR_EQ(read_some(8), "c");
}

static void kill_sleeper(void)
{
    dies = true;
}

TEST(in_mode_lines_an_unfinished_line_is_waited_for)
{
    start(5, TERM_LINES);
    type("abc");
    CHECK(read_some(8) == NULL);
    meanwhile = kill_sleeper;
    CHECK_EQ(terminal_wait(), -E_KILLED);
    CHECK_EQ(asleep_n, 1);
}

TEST(what_is_typed_is_shown_if_the_mode_has_echo)
{
    start(5, TERM_LINES | TERM_ECHO);
    type("a\x01\n");
    CHECK_STR_EQ(read_some(8), "a\x01\n");
    CHECK_STR_EQ(console, "a^A\n");
    for (uint32_t mode = TERM_LINES; mode < 32; mode += 2) {
        if ((mode & TERM_ECHO) == 0) {
            start(5, mode);
            type("a\n");
            CHECK_STR_EQ(read_some(8), "a\n");
            CHECK_STR_EQ(console, "");
        }
    }
}

/* Another process has written while the line "ab" was unfinished after the prompt "> ". What does the reader
 * get next, and what is shown? */
static const char *read_after_break(uint32_t mode)
{
    start(5, mode);
    terminal_begin_read("> ", 2);
    type("ab");
    if ((mode & TERM_LINES) != 0)
        CHECK(read_some(8) == NULL);
    console_clear();
    line_is_broken();
    CHECK_EQ(attentions, 1);
    CHECK_EQ(terminal_wait(), 0);
    CHECK_EQ(asleep_n, 0); /* it does not wait: it shows the line again */
    return read_some(8);
}

TEST(a_broken_line_is_shown_again)
{
    CHECK(read_after_break(TERM_LINES | TERM_ECHO | TERM_KEYS | TERM_STATUS) == NULL);
    CHECK_STR_EQ(console, "> ab");
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "> ab"); /* once */
    type("c\n");
    CHECK_STR_EQ(read_some(8), "abc\n");
}

TEST(a_broken_line_is_not_shown_without_echo)
{
    CHECK(read_after_break(TERM_LINES | TERM_KEYS | TERM_STATUS) == NULL);
    CHECK_STR_EQ(console, "");
}

/* Such a program draws the line itself. */
TEST(in_mode_redraw_a_read_of_a_broken_line_returns_0_once)
{
    CHECK_STR_EQ(read_after_break(TERM_REDRAW), "");
    CHECK_STR_EQ(console, "");
    CHECK_STR_EQ(read_some(8), "ab");
}

TEST(a_mode_without_lines_does_not_care_about_a_broken_line)
{
    CHECK_STR_EQ(read_after_break(TERM_KEYS | TERM_STATUS | TERM_ECHO), "ab");
    CHECK_STR_EQ(console, "");
}

TEST(a_prompt_is_remembered_up_to_80_bytes)
{
    char prompt[90];
    memset(prompt, 'p', sizeof(prompt));
    start(5, TERM_LINES | TERM_ECHO);
    terminal_begin_read(prompt, sizeof(prompt));
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_EQ(strlen(console), 80);
    terminal_begin_read(NULL, 0);
    console_clear();
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "");
}

/* It began to read in the background, and its prompt was not kept. */
TEST(a_reader_whose_turn_comes_later_does_not_show_anothers_prompt)
{
    start(5, TERM_LINES | TERM_ECHO);
    terminal_begin_read("> ", 2);
    line_is_broken(); /* that was the other's */
    current = &sleepers[1];
    type("a");
    CHECK_EQ(terminal_wait(), 0);
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "a");
    line_is_broken();
    CHECK(read_some(8) == NULL);
    CHECK_STR_EQ(console, "aa");
}

/* ---- who is woken ---- */

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

TEST(lost_input_is_reported_once)
{
    start(5, 0);
    for (int i = 0; i < 256 + 3; i++)
        type("x");
    CHECK(read_some(100) != NULL);
    CHECK_STR_EQ(console, "console: 3 characters of input were lost: no program read them in time\n");
    CHECK(read_some(100) != NULL);
    CHECK_EQ(strlen(console),
             strlen("console: 3 characters of input were lost: no program read them in time\n"));
}
