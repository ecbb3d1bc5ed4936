/* SPDX-License-Identifier: MIT */
/*
 * host_terminal - what terminal.c needs besides the queue and the line of kernel/dev. Included by one file of
 * a program.
 *
 * There is one thread here: while a process "sleeps", others act.
 */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

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

static inline void input_interrupt(void)
{
    struct locks_held locks = locks_handler_begins();
    host_interrupts_on = false;
    terminal_input();
    host_interrupts_on = true;
    locks_handler_ends(locks);
}

/* Typed at once, without an interrupt. */
static inline void type(const char *text)
{
    while (*text != '\0')
        input_put(*text++);
}

static char got[128];

/* A read of what is there; NULL: it would wait. */
static inline const char *read_some(size_t n)
{
    int bytes = terminal_peek(got, n);
    if (bytes == TERMINAL_NOTHING)
        return NULL;
    got[bytes] = '\0';
    terminal_drop((size_t)bytes);
    return got;
}

/* Process `pid` of group `pid` runs in this mode; nothing was typed. */
static inline void start(int pid, uint32_t mode)
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

#endif
