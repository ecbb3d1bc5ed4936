/* SPDX-License-Identifier: MIT */
/*
 * host_console - a console that tests can read. Included by one file of a program.
 */
#ifndef HOST_CONSOLE_H
#define HOST_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dev/console.h"
#include "unit.h"

static char console[32 << 10]; /* what the kernel printed */

static inline void console_clear(void)
{
    console[0] = '\0';
}

static inline bool console_has(const char *words)
{
    return strstr(console, words) != NULL;
}

void kprintf(const char *format, ...)
{
    size_t used = strlen(console);
    va_list args;

    va_start(args, format);
    vsnprintf(console + used, sizeof(console) - used, format, args);
    va_end(args);
    if (unit_in_copy)
        fputs(console + used, stdout);
}

#endif
