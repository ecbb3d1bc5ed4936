/*
 * panic - the end of a run that cannot go on.
 *
 * panic() itself is declared in debug/assert.h. Here is what it needs from others.
 */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

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

#endif
