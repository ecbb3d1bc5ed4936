/* SPDX-License-Identifier: MIT */
/*
 * panic - reports that end the run.
 *
 * panic() and check_failed() of watch/assert.h report their caller in one call. Everything else says what
 * kind of report it is and where the bug is, and calls report_begin(), kprintf() for lines of its own, and
 * report_end().
 */
#ifndef WATCH_PANIC_H
#define WATCH_PANIC_H

#include <stdint.h>

#include "arch/i386/trapframe.h"
#include "watch/assert.h"

/* The first line of the report, and QEMU's status at its end. */
enum report_kind {
    REPORT_PANIC,     /* "kernel panic at FUNCTION (FILE:LINE):" and the message on a line below; 37 */
    REPORT_CHECK,     /* "kernel check failed: MESSAGE:"; 39 */
    REPORT_SANITIZER, /* "MESSAGE at FUNCTION (FILE:LINE):"; 39 */
    REPORT_PLACED,    /* "MESSAGE:", because the message names the place; 39 */
};

struct report {
    enum report_kind kind;
    uintptr_t eip;              /* the code to blame: the first line of the backtrace */
    uintptr_t ebp;              /* its frame, where the backtrace goes on */
    const struct trapframe *tf; /* printed if it is not NULL */
};

/* The place where this macro stands. */
#define REPORT_HERE(report_kind)                                             \
    {                                                                        \
        .kind = (report_kind), .eip = cpu_here(), .ebp = cpu_frame_pointer() \
    }

/* A report about the call that returns to `return_address`; the caller is called by it, directly or not. */
struct report report_call(enum report_kind kind, uintptr_t return_address);

/* A report about the code that `tf` interrupted. */
struct report report_trap(enum report_kind kind, const struct trapframe *tf);

/* Print the first line. Switches interrupts and the trace off; nothing runs after it but the report. */
void report_begin(const struct report *report, const char *format, ...) PANIC_CALLS
    __attribute__((format(printf, 2, 3)));

/* Print the current process, the frame, the backtrace and the last trace events, let the prompt
 * ask, and power off. */
_Noreturn void report_end(const struct report *report) PANIC_CALLS;

/* Set the function that prints the current process on one line. Called once at boot. */
void panic_set_describer(void (*describe)(void));

/* Set the function that answers questions after a report, before the machine stops. Called once at boot. */
void panic_set_prompt(void (*ask)(const struct report *report));

#endif
