/* SPDX-License-Identifier: MIT */
/*
 * panic - message, trap frame, backtrace, current process, last events; then off.
 *
 * A panic inside a panic prints its message and nothing else.
 */
#include "watch/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "arch/i386/cpu.h"
#include "arch/i386/trap.h"
#include "dev/console.h"
#include "dev/power.h"
#include "lib/printf.h"
#include "watch/assert.h"
#include "watch/backtrace.h"
#include "watch/trace.h"

#define LAST_EVENTS 16

static void (*describe_process)(void);

void panic_set_describer(void (*describe)(void))
{
    describe_process = describe;
}

/* Where it happened, and the frame that was current there. */
struct place {
    uintptr_t eip, ebp;
    const struct trapframe *tf; /* or NULL: panic() was called */
};

static void print_message(const struct place *place, const char *format, va_list args)
{
    char message[CONSOLE_LINE_BYTES];
    vsnprintf(message, sizeof(message), format, args);
    kprintf("kernel panic at ");
    backtrace_print_site(place->eip);
    kprintf(":\n    %s\n", message);
}

/* Something is being reported: whatever else goes wrong is said in one line. */
static bool reporting;
static enum power_status status = POWER_PANIC;

/* Who, how it came to that, and what happened before. */
_Noreturn static void end(const struct place *place)
{
    if (describe_process != NULL)
        describe_process();
    if (place->tf != NULL)
        trap_print(place->tf);
    kprintf("backtrace:\n");
    backtrace_print_frame(place->eip);
    backtrace_print(place->ebp);
    kprintf("last events:\n");
    trace_print_last(LAST_EVENTS);
    kprintf("the machine stops here.\n");
    power_off(status);
}

static bool begin(void)
{
    bool first = !reporting;
    cpu_cli();
    trace_enable(false);
    reporting = true;
    return first;
}

_Noreturn static void die(const struct place *place, const char *format, va_list args)
{
    bool first = begin();
    print_message(place, format, args);
    if (first)
        end(place);
    kprintf("the machine stops here.\n");
    power_off(status);
}

static void print_failed(const char *format, va_list args)
{
    char message[CONSOLE_LINE_BYTES];
    if (!begin())
        power_off(status);
    status = POWER_CHECK_FAILED;
    vsnprintf(message, sizeof(message), format, args);
    kprintf("%s", message);
}

void check_failed(uintptr_t eip, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_failed(format, args);
    va_end(args);
    kprintf(" at ");
    backtrace_print_site(eip);
    kprintf(":\n");
}

void check_failed_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_failed(format, args);
    va_end(args);
    kprintf(":\n");
}

void check_failed_end(uintptr_t eip)
{
    uintptr_t ebp = cpu_frame_pointer();
    backtrace_find(eip, &ebp);
    end(&(struct place){.eip = eip, .ebp = ebp});
}

void check_failed_end_trap(const struct trapframe *tf)
{
    end(&(struct place){.eip = tf->eip, .ebp = tf->ebp, .tf = tf});
}

void panic(const char *format, ...)
{
    /* The call, not what follows it; and its frame, which is the one above ours. */
    const struct place place = {.eip = (uintptr_t)__builtin_return_address(0) - 1,
                                .ebp = *(const uintptr_t *)cpu_frame_pointer()};
    va_list args;
    va_start(args, format);
    die(&place, format, args);
}

void panic_trap(const struct trapframe *tf, const char *format, ...)
{
    struct place place = {.eip = tf->eip, .ebp = trap_from_user(tf) ? 0 : tf->ebp, .tf = tf};
    if (!trap_from_user(tf) && !backtrace_is_code(tf->eip))
        place.eip = *trap_kernel_stack(tf) - 1; /* a call that led nowhere: who called */
    va_list args;
    va_start(args, format);
    die(&place, format, args);
}

void panic_registers(uintptr_t eip, uintptr_t ebp, const char *format, ...)
{
    const struct place place = {.eip = eip, .ebp = ebp};
    va_list args;
    va_start(args, format);
    die(&place, format, args);
}
