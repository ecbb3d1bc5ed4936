/* SPDX-License-Identifier: MIT */
/*
 * ulib - the calls of lab 5 for programs that include its headers by name: <ulib.h>, <stdio.h> and others.
 *
 * ucow's own library has almost all of them under the same names; this header adds the rest. Programs that
 * are written for ucow include user/lib/ulib.h instead.
 */
#ifndef LAB5_ULIB_H
#define LAB5_ULIB_H

#include "../../lib/ulib.h"

#define static_assert(condition) _Static_assert(condition, #condition)

#define ROUNDDOWN(x, unit) ALIGN_DOWN(x, unit)
#define ROUNDUP(x, unit) ALIGN_UP(x, unit)
#define __noinline __attribute__((noinline))
#define __noreturn NORETURN

/* printf() without a check of the arguments at compile time, because lab 5 has %e for error numbers. */
static inline int vcprintf(const char *fmt, va_list ap)
{
    return vprintf(fmt, ap);
}

static inline int cprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int length = vcprintf(fmt, ap);
    va_end(ap);
    return length;
}

/* Print `text` and a newline. Returns the number of characters. */
static inline int cputs(const char *text)
{
    return cprintf("%s\n", text);
}

/* Lab 6. */
static inline void lab6_set_priority(uint32_t priority)
{
    setpriority(priority);
}

static inline void cputchar(int c)
{
    sys_putc(c);
}

#endif
