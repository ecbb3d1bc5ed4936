/* SPDX-License-Identifier: MIT */
/*
 * init - process 1, a kernel thread: no page fault, lack of memory or kill can end it.
 */
#include "proc/init.h"

#include <ucow/errno.h>

#include "check/hooks.h"
#include "dev/console.h"
#include "dev/irq.h"
#include "dev/power.h"
#include "lib/cmdline.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/slab.h"
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

#define SHELL "sh"

/* The first program's name and arguments: a copy, one string after the other. */
static char first_strings[EXEC_MAX_BYTES];
static struct exec_args first_args = {.strings = first_strings};
static int first_error;      /* -E_TOO_BIG if its arguments exceed exec's limits */
static uint8_t first_signal; /* of Linux, if one ended it */
static void (*before_programs)(void);
static bool rehearsal_wanted;

/* Process 2: a kernel thread that executes the first program. */
static void first_program(void *unused)
{
    (void)unused;
    kprintf("kernel_execve: pid = %d, name = \"%s\".\n", current->pid, first_strings);
    int error = first_error != 0 ? first_error : do_execve(first_strings, &first_args);
    if (error != 0) {
        kprintf("kernel_execve: \"%s\" failed: %s (%d)\n", first_strings, error_text(error), error);
        do_exit(EXIT_CALL, error);
    }
    if (abi_is_linux(current->abi))
        terminal_set_mode(TERM_USUAL); /* a libc reads lines, up to an end */
}

/* Reap zombies until init has no children. Returns the exit code of the first program, whose pid is `first`:
 * the first zombie of that pid, because later processes may get the same pid again. */
static int reap_all(int first)
{
    int first_code = 0;
    bool first_ended = false;
    struct proc *zombie;
    while (do_wait(0, &zombie) == 0) {
        if (zombie->pid == first && !first_ended) {
            first_ended = true;
            first_code = zombie->exit_code;
            first_signal = zombie->kill_signal;
        }
        do_reap(zombie);
        sched_point(); /* there may be thousands of zombies */
    }
    RULE(list_empty(&current->children),
         "init waits no more, but its child pid %d \"%s\" has not ended: find_zombie()",
         list_entry(list_first(&current->children), struct proc, sibling)->pid,
         list_entry(list_first(&current->children), struct proc, sibling)->name);
    return first_code;
}

static void rehearsal(void *unused)
{
    (void)unused;
    const struct exec_args args = {.argc = 1, .bytes = sizeof(REHEARSAL), .strings = REHEARSAL};
    int error = do_execve(REHEARSAL, &args);
    if (error != 0)
        do_exit(EXIT_CALL, error);
}

/* Run the rehearsal, if it is wanted, also after a program that failed: maybe it says why. The trace has it
 * only if it fails. Returns whether it passed. */
static bool rehearse(void)
{
    if (!rehearsal_wanted)
        return true;
    rules_restart();
    trace_begin_draft();
    int pid = kernel_thread(REHEARSAL, rehearsal, NULL);
    int code = pid < 0 ? pid : reap_all(pid);
    trace_end_draft(code != 0);
    if (code != 0)
        kprintf("kernel check failed: the program \"%s\" that follows the first ended with exit code %d\n",
                REHEARSAL, code);
    return code == 0;
}

/* Check that nothing is left over after the last process. Returns the status of the run. */
static enum power_status close_books(int code)
{
    bool clean = exercises_missing() || rehearse();
    if (irq_stray_count() != 0)
        kprintf("interrupts: %u that no device asked for were ignored\n", irq_stray_count());
    kprintf("all user-mode processes have quit.\n");
    clean = ledger_check() && clean;
    if (!CHECK_OK(page_ok())) {
        kprintf("kernel check failed: counts, owners and free lists of the frames contradict each other\n");
        clean = false;
    }
    if (!CHECK_OK(swap_ok())) {
        kprintf("kernel check failed: the map of the swap disk contradicts itself\n");
        clean = false;
    }
    if (!check_cow_report())
        clean = false;
    if (clean)
        kprintf("init check memory pass.\n");
    return !clean ? POWER_CHECK_FAILED : code != 0 ? POWER_PROGRAM_FAILED : POWER_PASSED;
}

static void init_main(void *unused)
{
    (void)unused;
    ledger_mark();
    if (before_programs != NULL)
        before_programs();
    check_run_begin();
    if (strcmp(first_strings, SHELL) != 0) /* which sets the mode itself: ^C must not end it before */
        terminal_set_mode(TERM_KEYS | TERM_STATUS);
    int first = kernel_thread("first", first_program, NULL);
    int code = first;
    if (first < 0)
        kprintf("init: no process for \"%s\": %s (%d)\n", first_strings, error_text(first), first);
    else {
        group_set_foreground(first);
        code = reap_all(first);
    }
    if (first_signal != 0)
        kprintf("init: program \"%s\" ended with exit code %d (signal %u).\n", first_strings, code,
                first_signal);
    else if (code != 0)
        kprintf("init: program \"%s\" ended with exit code %d.\n", first_strings, code);
    enum power_status status = close_books(code);
    check_run_end(current->kstack, KSTACK_BYTES, current->pid);
    TRACE(end, status, page_taken_count(), page_given_count(), page_taken_count() - page_given_count(),
          page_free_count());
    power_off(status);
}

/* Append a string to the first program's arguments. One that does not fit is reported when it starts. */
static void append(const char *string)
{
    size_t bytes = strlen(string) + 1;
    if (bytes > sizeof(first_strings) - first_args.bytes || first_args.argc == EXEC_MAX_ARGS) {
        first_error = -E_TOO_BIG;
        return;
    }
    first_args.start[first_args.argc] = (uint16_t)first_args.bytes;
    memcpy(first_strings + first_args.bytes, string, bytes);
    first_args.bytes += bytes;
    first_args.argc++;
}

void init_want_rehearsal(void)
{
    rehearsal_wanted = true;
}

void init_start(const struct cmdline *cmdline, void (*before)(void))
{
    before_programs = before;
    append(cmdline->args_n > 0 ? cmdline->args[0] : SHELL);
    for (int i = 1; i < cmdline->args_n; i++)
        append(cmdline->args[i]);
    int pid = kernel_thread("init", init_main, NULL);
    if (pid < 0)
        panic("no memory for init: %s", error_text(pid));
    init_proc = proc_find(pid);
}
