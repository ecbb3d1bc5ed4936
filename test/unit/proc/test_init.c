/* SPDX-License-Identifier: MIT */
/*
 * init.c: what a run does from the first program to the end of the machine, and how it ends. Each test is a
 * run.
 */
#include "host_init.h"

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
