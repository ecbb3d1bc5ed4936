/* SPDX-License-Identifier: MIT */
/*
 * panic.c: the lines of each kind of report in their order, the status at the end of the run, and reports
 * inside a report. Its functions have other names here: those of unit.c end a test.
 */
#include "watch/panic.h"

#include <stdlib.h>
#include <string.h>

#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "dev/power.h"
#include "dev/watchdog.h"
#include "journal.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define EIP 0x1234u
#define EBP 0x5678u

bool host_interrupts_on;
struct trace_ring trace_ring;
static uintptr_t found;      /* the frame that made the call; 0: none */
static uintptr_t call;       /* the one that is blamed */
static bool code;            /* whether an address is that of code */
static void (*inside)(void); /* a report is asked for inside a report */

void kprintf(const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    size_t used = strlen(journal);
    snprintf(journal + used, sizeof(journal) - used, "%s", text);
}

void watchdog_stop(void)
{
    CHECK(!host_interrupts_on);
    note("[watchdog stops]");
}

void trace_enable(bool on)
{
    CHECK(!on && !host_interrupts_on);
    note("[trace stops]");
}

_Noreturn void power_off(enum power_status status)
{
    note("[off: %s]", status == POWER_PANIC            ? "panic"
                      : status == POWER_CHECK_FAILED   ? "check failed"
                      : status == POWER_PROGRAM_FAILED ? "program failed"
                                                       : "?");
    printf("<%s>", journal);
    CHECK(!unit_in_copy);
    abort();
}

bool backtrace_is_code(uintptr_t address)
{
    CHECK_EQ(address, EIP);
    return code;
}

static const char *place(uintptr_t address)
{
    return address == EIP ? "the place" : address == call ? "the caller" : "?";
}

void backtrace_print_caller(uintptr_t address)
{
    kprintf("%s", place(address));
}

void backtrace_print_frame(uintptr_t address)
{
    kprintf("  %s\n", place(address));
}

void backtrace_print(uintptr_t ebp)
{
    kprintf("  callers of %s\n", ebp == EBP ? "the frame" : "?");
}

void backtrace_find(uintptr_t address, uintptr_t *ebp)
{
    CHECK(*ebp != 0);
    call = address;
    *ebp = found;
}

void trap_print(const struct trapframe *tf)
{
    kprintf("  registers at %x\n", tf->eip);
}

void trace_print_last(unsigned n)
{
    kprintf("  %u events\n", n);
}

static void describe(void)
{
    kprintf("  the process\n");
    if (inside != NULL)
        inside();
}

static void ask(const struct report *report)
{
    kprintf("  prompt about %s\n", place(report->eip));
}

static void start(void)
{
    host_interrupts_on = true;
    found = EBP;
    call = 0;
    inside = NULL;
    panic_set_describer(describe);
    panic_set_prompt(ask);
    journal_clear();
}

/* What a report prints after its first line, and what it does before. */
#define FIRST "[watchdog stops]\n[trace stops]\n"
#define REST_OF(who, frame)                                                                     \
    "  the process\nbacktrace:\n  " who "\n  callers of " frame "\nlast events:\n  16 events\n" \
    "  prompt about " who "\n" STOPS
#define REST REST_OF("the place", "the frame")
#define STOPS "the machine stops here.\n"

/* The statement is the last thing that a kernel does, and this is all that it does. Run in a copy of the
 * program. */
#define ENDS(text, statement) CHECK(PANICS("<" text ">", statement))

static const struct trapframe registers = {.eip = EIP, .ebp = EBP, .cs = 8};

static void make(enum report_kind kind, const struct trapframe *tf)
{
    const struct report report = {.kind = kind, .eip = EIP, .ebp = EBP, .tf = tf};
    report_begin(&report, "%d bad %s", 2, "things");
    kprintf("  a line of its own\n");
    report_end(&report);
}

TEST(each_kind_has_its_first_line_and_its_status)
{
    start();
    ENDS(FIRST "kernel panic at the place:\n    2 bad things\n  a line of its own\n" REST "[off: panic]\n",
         make(REPORT_PANIC, NULL));
    ENDS(FIRST "kernel check failed: 2 bad things:\n  a line of its own\n" REST "[off: check failed]\n",
         make(REPORT_CHECK, NULL));
    ENDS(FIRST "2 bad things at the place:\n  a line of its own\n" REST "[off: check failed]\n",
         make(REPORT_SANITIZER, NULL));
    ENDS(FIRST "2 bad things:\n  a line of its own\n" REST "[off: check failed]\n",
         make(REPORT_PLACED, NULL));
}

TEST(a_trap_has_its_registers_printed)
{
    start();
    ENDS(FIRST
         "2 bad things:\n  a line of its own\n  the process\n  registers at 1234\nbacktrace:\n"
         "  the place\n  callers of the frame\nlast events:\n  16 events\n  prompt about the place\n" STOPS
         "[off: check failed]\n",
         make(REPORT_PLACED, &registers));
}

TEST(a_panic_and_a_check_name_the_caller)
{
    start();
    ENDS(FIRST "kernel panic at the caller:\n    of 5\n" REST_OF("the caller", "the frame") "[off: panic]\n",
         panic("of %d", 5));
    ENDS(FIRST "kernel check failed: of 5:\n" REST_OF("the caller", "the frame") "[off: check failed]\n",
         check_failed("of %d", 5));
}

static void panic_again(void)
{
    panic("again");
}

static void check_again(void)
{
    check_failed("again");
}

TEST(a_panic_inside_a_report_prints_only_its_message)
{
    start();
    inside = panic_again;
    ENDS(FIRST "kernel check failed: of 5:\n  the process\n" FIRST
               "kernel panic at the caller:\n    again\n" STOPS "[off: check failed]\n",
         check_failed("of %d", 5));
    ENDS(FIRST "kernel panic at the caller:\n    of 5\n  the process\n" FIRST
               "kernel panic at the caller:\n    again\n" STOPS "[off: panic]\n",
         panic("of %d", 5));
}

TEST(a_failed_check_inside_a_report_prints_nothing)
{
    start();
    inside = check_again;
    ENDS(FIRST "kernel panic at the caller:\n    of 5\n  the process\n" FIRST "[off: panic]\n",
         panic("of %d", 5));
    ENDS(FIRST "kernel check failed: of 5:\n  the process\n" FIRST "[off: check failed]\n",
         check_failed("of %d", 5));
}

TEST(a_report_before_the_boot_is_over_has_neither_process_nor_prompt)
{
    start();
    panic_set_describer(NULL);
    panic_set_prompt(NULL);
    ENDS(FIRST "kernel check failed: of 5:\nbacktrace:\n  the caller\n  callers of the frame\n"
               "last events:\n  16 events\n" STOPS "[off: check failed]\n",
         check_failed("of %d", 5));
}

TEST(the_call_before_a_return_address_is_blamed)
{
    start();
    found = 77;
    struct report report = report_call(REPORT_CHECK, 0x4001);
    CHECK_EQ(call, 0x4000); /* inside the instruction */
    CHECK(report.kind == REPORT_CHECK && report.eip == 0x4000 && report.ebp == 77 && report.tf == NULL);
}

TEST(what_a_trap_interrupted_is_blamed)
{
    struct trapframe tf = {.eip = EIP, .ebp = EBP, .cs = 8, .esp = 0x4001};
    code = true;
    struct report report = report_trap(REPORT_PANIC, &tf);
    CHECK(report.kind == REPORT_PANIC && report.eip == EIP && report.ebp == EBP && report.tf == &tf);
    code = false; /* a call of what is no function: its caller */
    report = report_trap(REPORT_PANIC, &tf);
    CHECK(report.eip == 0x4000 && report.ebp == EBP);
    tf.cs = 0x1b; /* a program: its frames are not the kernel's, its stack is not looked at */
    report = report_trap(REPORT_PLACED, &tf);
    CHECK(report.kind == REPORT_PLACED && report.eip == EIP && report.ebp == 0);
}

TEST(an_exercise_that_is_missing_is_said_and_remembered)
{
    start();
    CHECK(!exercises_missing());
    ENDS("exercise: fork is not written yet\n[off: program failed]\n", exercise_stop("fork"));
    CHECK_EQ(exercise_missing("exec"), -E_UNIMP);
    CHECK_STEPS("exercise: exec is not written yet");
    CHECK(exercises_missing());
    CHECK(host_interrupts_on); /* the run goes on */
}
