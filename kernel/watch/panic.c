/* SPDX-License-Identifier: MIT */
/*
 * panic - reports that end the run: message, current process, trap frame, backtrace, last trace events.
 *
 * A panic inside a report prints only its message; a failed check inside a report prints nothing. Both end
 * the run with the status of the first report.
 */
#include "watch/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "dev/power.h"
#include "dev/watchdog.h"
#include "lib/printf.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define LAST_EVENTS 16

static bool exercise_was_missing;
static void (*describe_process)(void);
static void (*prompt)(const struct report *report);
static const struct report *first_report; /* NULL: none has begun; tools/trace reads it by name */

void panic_set_describer(void (*describe)(void))
{
    describe_process = describe;
}

void panic_set_prompt(void (*ask)(const struct report *report))
{
    prompt = ask;
}

_Noreturn static void stop(void)
{
    power_off(first_report->kind == REPORT_PANIC ? POWER_PANIC : POWER_CHECK_FAILED);
}

_Noreturn static void stop_with_line(void)
{
    kprintf("the machine stops here.\n");
    stop();
}

static void print_first_line(const struct report *report, const char *message)
{
    switch (report->kind) {
    case REPORT_PANIC:
        kprintf("kernel panic at ");
        backtrace_print_caller(report->eip);
        kprintf(":\n    %s\n", message);
        break;
    case REPORT_CHECK:
        kprintf("kernel check failed: %s:\n", message);
        break;
    case REPORT_SANITIZER:
        kprintf("%s at ", message);
        backtrace_print_caller(report->eip);
        kprintf(":\n");
        break;
    case REPORT_PLACED:
        kprintf("%s:\n", message);
    }
}

static void begin(const struct report *report, const char *format, va_list args)
{
    char message[CONSOLE_LINE_BYTES];
    bool nested = first_report != NULL;
    cpu_cli();
    watchdog_stop();
    trace_enable(false);
    if (nested && report->kind != REPORT_PANIC)
        stop();
    if (!nested)
        first_report = report;
    vsnprintf(message, sizeof(message), format, args);
    print_first_line(report, message);
    if (nested)
        stop_with_line();
}

void report_begin(const struct report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    begin(report, format, args);
    va_end(args);
}

void report_end(const struct report *report)
{
    if (describe_process != NULL)
        describe_process();
    if (report->tf != NULL)
        trap_print(report->tf);
    kprintf("backtrace:\n");
    backtrace_print_frame(report->eip);
    backtrace_print(report->ebp);
    kprintf("last events:\n");
    trace_print_last(LAST_EVENTS);
    if (prompt != NULL)
        prompt(report);
    stop_with_line();
}

struct report report_call(enum report_kind kind, uintptr_t return_address)
{
    uintptr_t call = return_address - 1; /* inside the call instruction, so that its line is found */
    uintptr_t ebp = cpu_frame_pointer();
    backtrace_find(call, &ebp);
    return (struct report){.kind = kind, .eip = call, .ebp = ebp};
}

struct report report_trap(enum report_kind kind, const struct trapframe *tf)
{
    struct report report = {.kind = kind, .eip = tf->eip, .ebp = tf->ebp, .tf = tf};
    if (trap_from_user(tf))
        report.ebp = 0; /* not a frame of the kernel */
    else if (!backtrace_is_code(tf->eip))
        report.eip = *trap_kernel_stack(tf) - 1; /* a call of what is no function: report the caller */
    return report;
}

void panic(const char *format, ...)
{
    const struct report report = report_call(REPORT_PANIC, (uintptr_t)__builtin_return_address(0));
    va_list args;
    va_start(args, format);
    begin(&report, format, args);
    va_end(args);
    report_end(&report);
}

bool exercises_missing(void)
{
    return exercise_was_missing;
}

int exercise_missing(const char *which)
{
    exercise_was_missing = true;
    kprintf("exercise: %s is not written yet\n", which);
    return -E_UNIMP;
}

void exercise_stop(const char *which)
{
    exercise_missing(which);
    power_off(POWER_PROGRAM_FAILED);
}

void check_failed(const char *format, ...)
{
    const struct report report = report_call(REPORT_CHECK, (uintptr_t)__builtin_return_address(0));
    va_list args;
    va_start(args, format);
    begin(&report, format, args);
    va_end(args);
    report_end(&report);
}
