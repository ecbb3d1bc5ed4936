/*
 * panic - message, trap frame, backtrace, current process, last events; then off.
 *
 * A panic inside a panic prints its message and nothing else.
 */
#include "debug/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "arch/i386/cpu.h"
#include "arch/i386/trap.h"
#include "debug/assert.h"
#include "debug/backtrace.h"
#include "debug/trace.h"
#include "dev/console.h"
#include "dev/power.h"
#include "lib/printf.h"

#define LAST_EVENTS 16

static void (*describe_process)(void);

void panic_set_describer(void (*describe)(void))
{
    describe_process = describe;
}

/* Where it happened: by file and line, or by the address that was interrupted. */
struct place {
    const char *file;
    int line;
    uintptr_t eip, ebp;
    const struct trapframe *tf;
};

static void print_message(const struct place *place, const char *format, va_list args)
{
    char message[CONSOLE_LINE_BYTES];
    vsnprintf(message, sizeof(message), format, args);
    kprintf("kernel panic at ");
    if (place->file != NULL)
        kprintf("%s:%d", place->file, place->line);
    else
        backtrace_print_site(place->eip);
    kprintf(":\n    %s\n", message);
}

_Noreturn static void die(const struct place *place, const char *format, va_list args)
{
    static bool again;
    cpu_cli();
    trace_enable(false);
    print_message(place, format, args);
    if (!again) {
        again = true;
        if (describe_process != NULL)
            describe_process();
        if (place->tf != NULL)
            trap_print(place->tf);
        kprintf("backtrace:\n");
        if (place->file == NULL) {
            kprintf("  [0x%08x] ", (uint32_t)place->eip);
            backtrace_print_site(place->eip);
            kprintf("\n");
        }
        backtrace_print(place->ebp);
        kprintf("last events:\n");
        trace_print_last(LAST_EVENTS);
    }
    kprintf("the machine stops here.\n");
    power_off(POWER_PANIC);
}

void panic_at(const char *file, int line, const char *format, ...)
{
    const struct place place = {.file = file, .line = line, .ebp = cpu_frame_pointer()};
    va_list args;
    va_start(args, format);
    die(&place, format, args);
}

void panic_trap(const struct trapframe *tf, const char *format, ...)
{
    const struct place place = {.eip = tf->eip, .ebp = trap_from_user(tf) ? 0 : tf->ebp, .tf = tf};
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
