/* SPDX-License-Identifier: MIT */
/*
 * host_init - what init.c needs: children, programs, and checks at the end, as steps of the journal.
 * Included by one file of a program.
 */
#ifndef HOST_INIT_H
#define HOST_INIT_H

#include "proc/init.h"

#include <setjmp.h>

#include "dev/irq.h"
#include "dev/power.h"
#include "host_console.h"
#include "in_a_copy.h"
#include "journal.h"
#include "lib/cmdline.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "proc/abi.h"
#include "proc/exec.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/group.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/proc_rules.h"
#include "proc/sched.h"
#include "proc/terminal.h"
#include "proc/wait.h"
#include "watch/ledger.h"

#define FIRST 2 /* pid of the first program; a later one's is higher */

struct cpu boot_cpu;
struct proc *init_proc;
bool host_interrupts_on = true;
uint32_t peak_irq_off_max, peak_stretch_max, peak_stretch_since;
volatile uintptr_t peak_stretch_eip;
int inject_running_pid;

/* What happens in this run. */
static struct {
    int thread_error[4];   /* of the thread with this pid */
    int exec_error;        /* of each exec */
    bool is_linux;         /* the programs */
    struct proc zombie[4]; /* what init reaps, in this order; pid 0: no more at that time */
    bool books_differ, frames_bad, swap_bad, pages_copied;
    uint32_t stray;
} plan;

static struct proc procs[4]; /* by pid */
static struct {
    void (*function)(void *);
    void *arg;
} threads[4];
static int procs_n;
static size_t reaped_n;
static char executed[8192]; /* the arguments of the last exec, each in <> */
static jmp_buf thread_over, power_is_off;

int kernel_thread(const char *name, void (*thread)(void *), void *arg)
{
    note("thread %s", name);
    int pid = ++procs_n;
    if (plan.thread_error[pid] != 0)
        return plan.thread_error[pid];
    threads[pid].function = thread;
    threads[pid].arg = arg;
    procs[pid].pid = pid;
    list_init(&procs[pid].children);
    return pid;
}

struct proc *proc_find(int pid)
{
    return &procs[pid];
}

static void run_thread(int pid)
{
    current = &procs[pid];
    void (*function)(void *) = threads[pid].function;
    threads[pid].function = NULL;
    if (setjmp(thread_over) == 0)
        function(threads[pid].arg);
    current = &procs[1];
}

int do_wait(int pid, struct proc **zombie)
{
    CHECK_EQ(pid, 0); /* any child */
    CHECK_EQ(current, &procs[1]);
    if (threads[procs_n].function != NULL)
        run_thread(procs_n);
    if (reaped_n == ARRAY_SIZE(plan.zombie) || plan.zombie[reaped_n].pid == 0) {
        reaped_n++;
        return -E_BAD_PROC;
    }
    *zombie = &plan.zombie[reaped_n++];
    return 0;
}

void do_reap(struct proc *zombie)
{
    note("reap %d", zombie->pid);
    zombie->exit_code = zombie->kill_signal = 99; /* as if its memory were another's */
}

int sched_point(void)
{
    note("point");
    return 0;
}

int do_execve(const char *name, const struct exec_args *args)
{
    executed[0] = '\0';
    for (int i = 0; i < args->argc; i++) {
        const char *string = args->strings + args->start[i];
        CHECK(string + strlen(string) < args->strings + args->bytes);
        strcat(strcat(strcat(executed, "<"), string), ">");
    }
    CHECK_EQ(args->envc, 0);
    note("exec %s", name);
    return plan.exec_error;
}

void do_exit(enum exit_reason reason, int code)
{
    CHECK_EQ(reason, EXIT_CALL);
    note("exit %d", code);
    longjmp(thread_over, 1);
}

bool abi_is_linux(const struct abi *abi)
{
    (void)abi;
    return current->pid > 1 && plan.is_linux;
}

int terminal_set_mode(uint32_t mode)
{
    note("mode %u", mode);
    return 0;
}

int group_set_foreground(int group)
{
    note("foreground %d", group);
    return 0;
}

void rules_restart(void)
{
    note("rules_restart");
}

struct trace_ring trace_ring = {.on = 1};
void trace_begin_draft(void)
{
    note("draft");
}

void trace_end_draft(bool keep)
{
    note(keep ? "keep the draft" : "drop the draft");
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    CHECK_EQ(event, TRACE_end);
    note("trace end %u: taken %u, given %u, held %u, free %u", words[0], words[1], words[2], words[3],
         words[4]);
}

uint64_t page_taken_count(void)
{
    return 50;
}

uint64_t page_given_count(void)
{
    return 47;
}

size_t page_free_count(void)
{
    return 900;
}

void inject_start(void)
{
    note("inject_start");
}

void ledger_mark(void)
{
    note("ledger_mark");
}

bool ledger_check(void)
{
    note("ledger_check");
    if (plan.books_differ)
        kprintf("the books differ\n");
    return !plan.books_differ;
}

bool page_ok(void)
{
    note("page_ok");
    return !plan.frames_bad;
}

bool swap_ok(void)
{
    note("swap_ok");
    return !plan.swap_bad;
}

bool cow_report(void)
{
    note("cow_report");
    return !plan.pages_copied;
}

uint32_t irq_stray_count(void)
{
    return plan.stray;
}

void peak_stack_measure(uintptr_t base, uintptr_t bytes, int pid)
{
    CHECK_EQ(base, 0xA000);
    CHECK_EQ(bytes, KSTACK_BYTES);
    note("stack of %d", pid);
}

void peak_trace(void)
{
    note("peak_trace");
}

void power_off(enum power_status status)
{
    note("power off %x", status);
    longjmp(power_is_off, 1);
}

static void before(void)
{
    note("before");
}

/* A run of the program of this command line, from boot on. */
static void run(const struct cmdline *cmdline)
{
    procs[1].kstack = 0xA000;
    current = &procs[0];
    init_start(cmdline, before);
    CHECK_EQ(init_proc, &procs[1]);
    CHECK_STEPS("thread init");
    current = init_proc;
    if (setjmp(power_is_off) == 0)
        threads[1].function(threads[1].arg);
}

static void run_program(void)
{
    const struct cmdline cmdline = {.args = {"prog", "-a", "", "b c"}, .args_n = 4};
    run(&cmdline);
}

/* The last step of a run of a program. */
static bool run_ends_with(enum power_status status)
{
    char step[32];
    snprintf(step, sizeof(step), "\npower off %x\n", status);
    return strstr(journal, step) != NULL;
}

#endif
