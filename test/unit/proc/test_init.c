/* SPDX-License-Identifier: MIT */
/*
 * init.c: what a run does from the first program to the end of the machine, and how it ends. Each test is a
 * run.
 */
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

#define BEGIN "ledger_mark", "before", "inject_start"
#define END "ledger_check", "page_ok", "swap_ok", "cow_report", "stack of 1", "peak_trace"
#define COUNTS ": taken 50, given 47, held 3, free 900"

TEST_IN_A_COPY(a_run_does_this)
{
    plan.zombie[0].pid = FIRST;
    run_program();
    CHECK_STR_EQ(executed, "<prog><-a><><b c>");
    CHECK_STEPS(BEGIN, "mode 12", "thread first", "foreground 2", "exec prog", "reap 2", "point", END,
                "trace end 16" COUNTS, "power off 10");
    CHECK_STR_EQ(console, "kernel_execve: pid = 2, name = \"prog\".\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
}

TEST_IN_A_COPY(without_arguments_the_shell_runs_and_sets_the_mode_itself)
{
    plan.zombie[0].pid = FIRST;
    run(&(struct cmdline){.args_n = 0});
    CHECK_STR_EQ(executed, "<sh>");
    CHECK_STEPS(BEGIN, "thread first", "foreground 2", "exec sh", "reap 2", "point", END,
                "trace end 16" COUNTS, "power off 10");
}

TEST_IN_A_COPY(nothing_need_run_before_the_programs)
{
    plan.zombie[0].pid = FIRST;
    init_start(&(struct cmdline){.args_n = 0}, NULL);
    current = init_proc;
    procs[1].kstack = 0xA000;
    if (setjmp(power_is_off) == 0)
        threads[1].function(threads[1].arg);
    CHECK(run_ends_with(POWER_PASSED));
}

TEST_IN_A_COPY(a_first_program_for_linux_reads_lines)
{
    plan.zombie[0].pid = FIRST;
    plan.is_linux = true;
    run_program();
    CHECK(strstr(journal, "exec prog\nmode 15\nreap 2\n") != NULL);
}

TEST_IN_A_COPY(a_program_that_is_not_there_is_reported)
{
    plan.zombie[0] = (struct proc){.pid = FIRST, .exit_code = -E_NOENT};
    plan.exec_error = -E_NOENT;
    plan.is_linux = true;
    run_program();
    CHECK(strstr(journal, "exec prog\nexit -16\nreap 2\n") != NULL);
    CHECK(run_ends_with(POWER_PROGRAM_FAILED));
    CHECK_STR_EQ(console, "kernel_execve: pid = 2, name = \"prog\".\n"
                          "kernel_execve: \"prog\" failed: no such file or directory (-16)\n"
                          "init: program \"prog\" ended with exit code -16.\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
}

static char longest[EXEC_MAX_BYTES + 1];

/* Run a program whose arguments are this many, or have this many bytes. */
static void run_with(int args_n, size_t bytes)
{
    struct cmdline cmdline = {.args = {"prog"}, .args_n = args_n};
    for (int i = 1; i < args_n; i++)
        cmdline.args[i] = "x";
    if (bytes != 0) {
        memset(longest, 'y', bytes - sizeof("prog") - 1);
        cmdline.args[1] = longest;
    }
    plan.zombie[0].pid = FIRST;
    run(&cmdline);
}

TEST_IN_A_COPY(a_program_needs_no_arguments)
{
    run_with(1, 0);
    CHECK_STR_EQ(executed, "<prog>");
}

TEST_IN_A_COPY(as_many_arguments_as_exec_allows_are_passed)
{
    run_with(EXEC_MAX_ARGS, 0);
    CHECK_EQ(strlen(executed), 6 + 3 * (EXEC_MAX_ARGS - 1));
    CHECK(run_ends_with(POWER_PASSED));
}

TEST_IN_A_COPY(as_many_bytes_as_exec_allows_are_passed)
{
    run_with(2, EXEC_MAX_BYTES);
    CHECK_EQ(strlen(executed), EXEC_MAX_BYTES + 2);
    CHECK(run_ends_with(POWER_PASSED));
}

#define TOO_BIG "kernel_execve: \"prog\" failed: too big (-12)\n"

TEST_IN_A_COPY(too_many_arguments_are_reported)
{
    run_with(EXEC_MAX_ARGS + 1, 0);
    CHECK(strstr(journal, "foreground 2\nexit -12\nreap 2\n") != NULL);
    CHECK(console_has(TOO_BIG));
}

TEST_IN_A_COPY(too_many_bytes_are_reported)
{
    run_with(2, EXEC_MAX_BYTES + 1);
    CHECK(strstr(journal, "foreground 2\nexit -12\nreap 2\n") != NULL);
    CHECK(console_has(TOO_BIG));
}

TEST_IN_A_COPY(the_run_waits_for_orphans_and_has_the_first_programs_code)
{
    plan.zombie[0] = (struct proc){.pid = 8, .exit_code = 5, .kill_signal = 6};
    plan.zombie[1] = (struct proc){.pid = FIRST, .exit_code = 3};
    plan.zombie[2] = (struct proc){.pid = 9, .exit_code = 5, .kill_signal = 6};
    plan.zombie[3] = (struct proc){.pid = FIRST, .exit_code = 5, .kill_signal = 6}; /* it has the pid again */
    run_program();
    CHECK(strstr(journal, "reap 8\npoint\nreap 2\npoint\nreap 9\npoint\nreap 2\npoint\nledger_check") !=
          NULL);
    CHECK(console_has("init: program \"prog\" ended with exit code 3.\n"));
    CHECK(run_ends_with(POWER_PROGRAM_FAILED));
}

TEST_IN_A_COPY(the_signal_that_ended_the_first_program_is_reported)
{
    plan.zombie[0] = (struct proc){.pid = FIRST, .exit_code = -9, .kill_signal = 11};
    run_program();
    CHECK_STR_EQ(console, "kernel_execve: pid = 2, name = \"prog\".\n"
                          "init: program \"prog\" ended with exit code -9 (signal 11).\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
    CHECK(run_ends_with(POWER_PROGRAM_FAILED));
}

TEST_IN_A_COPY(without_memory_for_the_first_process_the_run_fails)
{
    plan.thread_error[2] = -E_NO_MEM;
    run_program();
    CHECK_STEPS(BEGIN, "mode 12", "thread first", END, "trace end 17" COUNTS, "power off 11");
    CHECK_STR_EQ(console, "init: no process for \"prog\": out of memory (-4)\n"
                          "init: program \"prog\" ended with exit code -4.\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
}

TEST(without_memory_for_init_there_is_no_run)
{
    plan.thread_error[1] = -E_NO_FREE_PROC;
    CHECK(PANICS("no memory for init: out of processes", run_program()));
    plan.thread_error[1] = 0;
}

/* Whether a run with this plan fails as a check, after all checks were made, and says just this. */
static void check_fails(const char *words)
{
    char wanted[512];
    plan.zombie[0].pid = FIRST;
    run_program();
    CHECK(strstr(journal, "ledger_check\npage_ok\nswap_ok\ncow_report\n") != NULL);
    CHECK(run_ends_with(POWER_CHECK_FAILED));
    snprintf(wanted, sizeof(wanted),
             "kernel_execve: pid = 2, name = \"prog\".\n"
             "all user-mode processes have quit.\n"
             "%s",
             words);
    CHECK_STR_EQ(console, wanted);
}

TEST_IN_A_COPY(a_leak_fails_the_run)
{
    plan.books_differ = true;
    check_fails("the books differ\n");
}

TEST_IN_A_COPY(frames_that_contradict_each_other_fail_the_run)
{
    plan.frames_bad = true;
    check_fails("kernel check failed: counts, owners and free lists of the frames contradict each other\n");
}

TEST_IN_A_COPY(a_map_of_the_swap_disk_that_contradicts_itself_fails_the_run)
{
    plan.swap_bad = true;
    check_fails("kernel check failed: the map of the swap disk contradicts itself\n");
}

TEST_IN_A_COPY(pages_copied_for_nothing_fail_the_run)
{
    plan.pages_copied = true;
    check_fails("");
}

TEST_IN_A_COPY(stray_interrupts_are_reported_and_fail_nothing)
{
    plan.zombie[0].pid = FIRST;
    plan.stray = 7;
    run_program();
    CHECK_STR_EQ(console, "kernel_execve: pid = 2, name = \"prog\".\n"
                          "interrupts: 7 that no device asked for were ignored\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
    CHECK(run_ends_with(POWER_PASSED));
}

#define REHEARSAL_BEGIN "rules_restart", "draft", "thread rehearsal"

/* A run with a rehearsal, which ends with this code. */
static void run_rehearsal(int code)
{
    plan.zombie[0].pid = FIRST;
    plan.zombie[2] = (struct proc){.pid = 8, .exit_code = 98};
    plan.zombie[3] = (struct proc){.pid = FIRST + 1, .exit_code = code};
    init_want_rehearsal();
    run_program();
}

TEST_IN_A_COPY(the_rehearsal_follows_and_is_not_seen)
{
    run_rehearsal(0);
    CHECK_STR_EQ(executed, "<rehearsal>");
    CHECK_STEPS(BEGIN, "mode 12", "thread first", "foreground 2", "exec prog", "reap 2", "point",
                REHEARSAL_BEGIN, "exec rehearsal", "reap 8", "point", "reap 3", "point", "drop the draft",
                END, "trace end 16" COUNTS, "power off 10");
    CHECK_STR_EQ(console, "kernel_execve: pid = 2, name = \"prog\".\n"
                          "all user-mode processes have quit.\n"
                          "init check memory pass.\n");
}

#define REHEARSAL_FAILED \
    "kernel check failed: the program \"rehearsal\" that follows the first ended with exit code "

TEST_IN_A_COPY(a_rehearsal_that_fails_is_kept_in_the_trace_and_fails_the_run)
{
    run_rehearsal(4);
    CHECK(strstr(journal, "keep the draft\n") != NULL);
    CHECK(run_ends_with(POWER_CHECK_FAILED));
    CHECK(console_has(REHEARSAL_FAILED "4\n"));
    CHECK(!console_has("pass"));
}

TEST_IN_A_COPY(a_rehearsal_that_is_not_there_ends_at_once)
{
    plan.exec_error = -E_NOENT;
    run_rehearsal(-E_NOENT);
    CHECK(strstr(journal, "exec rehearsal\nexit -16\nreap 8\n") != NULL);
    CHECK(run_ends_with(POWER_CHECK_FAILED));
}

TEST_IN_A_COPY(without_memory_for_the_rehearsal_the_run_fails)
{
    plan.thread_error[3] = -E_NO_MEM;
    run_rehearsal(0);
    CHECK(strstr(journal, "thread rehearsal\nkeep the draft\n") != NULL);
    CHECK(console_has(REHEARSAL_FAILED "-4\n"));
    CHECK(run_ends_with(POWER_CHECK_FAILED));
}

TEST(a_child_that_no_wait_finds_is_reported)
{
    struct proc orphan = {.pid = 5, .name = "orphan"};
    plan.zombie[0].pid = FIRST;
    CHECK(PANICS("init waits no more, but its child pid 5 \"orphan\" has not ended", {
        init_start(&(struct cmdline){.args_n = 0}, NULL);
        list_add_head(&procs[1].children, &orphan.sibling);
        current = init_proc;
        if (setjmp(power_is_off) == 0)
            threads[1].function(threads[1].arg);
    }));
    plan.zombie[0].pid = 0;
}
