/* SPDX-License-Identifier: MIT */
/*
 * panic - the end of a run that cannot go on.
 *
 * panic() itself is declared in watch/assert.h. Here is what it needs from others.
 */
#ifndef WATCH_PANIC_H
#define WATCH_PANIC_H

#include <stdint.h>

struct trapframe;

/* Tell panic how to describe the current process; called once at boot. `describe` prints a line. */
void panic_set_describer(void (*describe)(void));

/* Panic on behalf of an interrupted context: `tf` is printed, the backtrace starts there. */
_Noreturn void panic_trap(const struct trapframe *tf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a context known by its registers only (a double fault). */
_Noreturn void panic_registers(uintptr_t eip, uintptr_t ebp, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A check of the compiler's failed in the code at `eip`: print "WHAT at FUNCTION (FILE:LINE):", after
 * which the caller may print lines with details. Nothing comes back to life behind it. */
void check_failed(uintptr_t eip, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same where the caller knows the place better, and names it in the message. */
void check_failed_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Then the current process, the stack from the function at `eip` on and the last events; power off
 * with status 39. */
_Noreturn void check_failed_end(uintptr_t eip);

/* The same for kernel code that trapped: its frame, and the stack from there on. */
_Noreturn void check_failed_end_trap(const struct trapframe *tf);

#endif
