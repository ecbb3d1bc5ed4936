/* SPDX-License-Identifier: MIT */
/*
 * rules - a broken rule is a failed check, reported like those of the compiler (watch/panic.h).
 */
#include <stdarg.h>

#include "dev/console.h"
#include "lib/printf.h"
#include "watch/assert.h"
#include "watch/panic.h"

static void print_first_line(const char *format, va_list args)
{
    char message[CONSOLE_LINE_BYTES];
    vsnprintf(message, sizeof(message), format, args);
    check_failed_line("kernel check failed: %s", message);
}

void rule_begin(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_first_line(format, args);
    va_end(args);
}

void rule_end(void)
{
    check_failed_end((uintptr_t)__builtin_return_address(0) - 1);
}

void rule_broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_first_line(format, args);
    check_failed_end((uintptr_t)__builtin_return_address(0) - 1);
}
