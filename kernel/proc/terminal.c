/* SPDX-License-Identifier: MIT */
/*
 * terminal - modes, the foreground group, and readers.
 *
 * sched_lock protects `mode`, `foreground` and the crowds; the lock of readers (sys_io.c) protects
 * `line`, `source` and `peeked_at`. The prompt is that of the foreground's reader; no process is preempted
 * while it changes the prompt. Only terminal_input() runs in interrupt handlers.
 */
#include "proc/terminal.h"

#include <ucow/errno.h>

#include "dev/console.h"
#include "dev/input.h"
#include "dev/line.h"
#include "dev/uart.h"
#include "lib/string.h"
#include "lib/util.h"
#include "proc/sched.h"
#include "proc/terminal_keys.h"

#define PROMPT_BYTES 80
#define WOKEN_MAX 64

/* Readers that sleep. There may be thousands: when all are to look again, a few are woken, and each that has
 * run wakes the next. */
struct crowd {
    struct waitq queue;
    unsigned sleeping_n; /* those too that were woken and have not run yet */
    unsigned woken_n;    /* at least so many of these were woken: a kill wakes, too */
    unsigned to_wake_n;
};

static uint32_t mode = TERM_STATUS; /* init changes it */
static int foreground;
static struct crowd readers = {.queue = {LIST_INIT(readers.queue.sleepers)}};
static struct crowd background = {
    .queue = {LIST_INIT(background.queue.sleepers)}}; /* not in the foreground */

static struct line line;
static char prompt[PROMPT_BYTES];
static size_t prompt_bytes;
static enum { FROM_NOWHERE, FROM_LINE, FROM_QUEUE } source; /* of what terminal_peek() returned */
static unsigned peeked_at;
static bool broken; /* the reader's unfinished line was ended by another writer */

static void set_keys(void)
{
    uint32_t ending = (mode & TERM_KEYS) != 0 ? TERMINAL_ENDING_KEYS : 0;
    input_set_keys(ending | ((mode & TERM_STATUS) != 0 ? TERMINAL_STATUS_KEYS : 0), ending);
}

/* Called by the console in any context. */
static void line_broken(void)
{
    broken = true;
    sched_call_attention();
}

/* Wake the first that sleeps there. Caller holds sched_lock. */
static void wake_one(struct crowd *crowd)
{
    crowd->woken_n += !list_empty(&crowd->queue.sleepers);
    waitq_wake(&crowd->queue);
}

/* Wake some of those that are to be woken. Caller holds sched_lock. */
static void wake_some(struct crowd *crowd)
{
    while (crowd->to_wake_n > 0 && crowd->woken_n < WOKEN_MAX && !list_empty(&crowd->queue.sleepers)) {
        crowd->to_wake_n--;
        wake_one(crowd);
    }
}

/* Wake all that sleep there now. Those that sleep again wait behind them. */
static void wake_all(struct crowd *crowd)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    crowd->to_wake_n = crowd->sleeping_n - crowd->woken_n;
    wake_some(crowd);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

/* Caller holds sched_lock. Returns 0; -E_KILLED. */
static int sleep_among(struct crowd *crowd)
{
    crowd->sleeping_n++;
    int error = waitq_sleep(&crowd->queue, true);
    crowd->sleeping_n--;
    if (crowd->woken_n > 0) /* a kill, too, ends the sleep */
        crowd->woken_n--;
    wake_some(crowd);
    return error;
}

/* What interrupt handlers and the console have left to do. */
static void attend(void)
{
    uint32_t eflags = cpu_irq_save();
    uint32_t keys = input_take_keys();
    cpu_irq_restore(eflags);
    if ((keys & TERMINAL_ENDING_KEYS) != 0) {
        line_flush(&line);
        if ((mode & TERM_ECHO) != 0)
            kprintf("%s\n", (keys & INPUT_KEY('C')) != 0 ? "^C" : "^\\");
        terminal_begin_kill(foreground);
    }
    if ((keys & TERMINAL_STATUS_KEYS) != 0)
        terminal_begin_status();
    if (terminal_go_on())
        sched_call_attention();
    if (broken)
        wake_all(&readers);
}

void terminal_init(void)
{
    set_keys();
    sched_on_attention(attend);
}

void terminal_input(void)
{
    if (input_has_keys())
        sched_call_attention();
    spin_take(&sched_lock);
    wake_one(&readers);
    spin_release(&sched_lock);
}

/* Take what the serial port has kept while the queue was full; a key that acts at once may be in it. */
static void resume_input(void)
{
    uart_resume();
    if (input_has_keys())
        sched_call_attention();
}

int terminal_set_mode(uint32_t new)
{
    if ((new & ~(TERM_LINES | TERM_ECHO | TERM_KEYS | TERM_STATUS | TERM_REDRAW)) != 0)
        return -E_INVAL;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    uint32_t old = mode;
    mode = new;
    set_keys();
    resume_input(); /* such a key may have made room */
    spin_unlock_irqrestore(&sched_lock, eflags);
    wake_all(&readers); /* what is no line yet may be read in another mode */
    return (int)old;
}

void terminal_set_foreground(int group)
{
    foreground = group;
    wake_all(&readers);
    wake_all(&background);
}

int terminal_foreground(void)
{
    return foreground;
}

void terminal_group_gone(int group)
{
    if (group == foreground)
        terminal_set_foreground(0);
}

static bool may_read(void)
{
    return foreground == 0 || current->group == foreground;
}

/* The unfinished line to be shown again is the current process's from now on. Returns whether it was
 * another's. */
static bool watch_line(void)
{
    bool changed = console_watch(current->pid, line_broken);
    if (changed)
        broken = false;
    return changed;
}

void terminal_begin_read(const char *text, size_t n)
{
    if (!may_read()) /* the reader in the foreground keeps its prompt */
        return;
    watch_line();
    prompt_bytes = MIN(n, sizeof(prompt));
    if (n > 0) /* `text` may be NULL */
        memcpy(prompt, text, prompt_bytes);
}

/* Whether a read may return something, or a line goes on. Caller holds sched_lock. */
static bool may_have(void)
{
    return line.complete || input_waiting() || broken ||
           ((mode & TERM_LINES) == 0 && line.length > line.taken);
}

int terminal_wait(void)
{
    int error = 0;
    bool ready = false;
    while (!ready && error == 0) {
        uint32_t eflags = spin_lock_irqsave(&sched_lock);
        bool allowed = may_read();
        if (allowed && watch_line())
            prompt_bytes = 0; /* it began to read in the background */
        ready = allowed && may_have();
        if (!allowed)
            wake_one(&readers); /* the wake-up may have been meant for another */
        if (!ready)
            error = sleep_among(allowed ? &readers : &background);
        spin_unlock_irqrestore(&sched_lock, eflags); /* each time: the next may sleep again as well */
    }
    return error;
}

static void show(const char *text, size_t n)
{
    console_write(current->pid, text, n);
}

static size_t peek_queue(char *to, size_t n)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    n = input_peek(to, n, &peeked_at);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return n;
}

static void drop_queue(size_t n)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    input_drop(peeked_at, n);
    resume_input();
    spin_unlock_irqrestore(&sched_lock, eflags);
}

/* Turn typed bytes into a line until it is complete. */
static void fill_line(void)
{
    char c;
    while (!line.complete && peek_queue(&c, 1) == 1) {
        drop_queue(1);
        line_put(&line, c, (mode & TERM_ECHO) != 0 ? show : NULL);
    }
}

int terminal_peek(char *to, size_t n)
{
    bool redraw = broken;
    broken = false;
    source = FROM_NOWHERE;
    if (redraw && (mode & TERM_REDRAW) != 0)
        return 0;
    if ((mode & TERM_LINES) != 0) {
        if (redraw && (mode & TERM_ECHO) != 0) {
            show(prompt, prompt_bytes);
            line_show_again(&line, show);
        }
        fill_line();
    }
    if (line.complete || ((mode & TERM_LINES) == 0 && line.length > line.taken)) {
        source = FROM_LINE;
        return (int)line_peek(&line, to, n);
    }
    n = (mode & TERM_LINES) != 0 ? 0 : peek_queue(to, n);
    source = FROM_QUEUE;
    return n == 0 ? TERMINAL_NOTHING : (int)n;
}

void terminal_drop(size_t n)
{
    if (source == FROM_LINE)
        line_drop(&line, n);
    else if (source == FROM_QUEUE)
        drop_queue(n);
    source = FROM_NOWHERE;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    if (may_have())
        wake_one(&readers);
    unsigned lost = input_take_lost();
    spin_unlock_irqrestore(&sched_lock, eflags);
    if (lost != 0)
        kprintf("console: %u characters of input were lost: no program read them in time\n", lost);
}
