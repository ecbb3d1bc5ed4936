/* SPDX-License-Identifier: MIT */
/*
 * console - keeps the lines of different writers apart.
 */
#include "dev/console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "dev/uart.h"
#include "lib/printf.h"
#include "lib/util.h"

static bool line_open;  /* the last line is unfinished */
static int line_writer; /* the writer of that line */
static int watched = CONSOLE_NO_ONE;
static void (*call_broken)(void);
static void (*mirror)(const char *text, size_t n);

static void put(const char *text, size_t n)
{
    if (mirror != NULL)
        mirror(text, n); /* first: who reads the serial line finds the same on the screen */
    uart_write(text, n);
}

/* Another writer begins. Out of line, because it is rare. */
static __attribute__((noinline)) void end_line(void)
{
    put("\n", 1);
    if (line_writer == watched && watched != CONSOLE_NO_ONE)
        call_broken();
}

void console_write(int writer, const char *text, size_t n)
{
    if (n == 0)
        return;
    if (__builtin_expect(line_open && line_writer != writer, 0))
        end_line();
    line_open = true; /* a panic may interrupt the output and print */
    line_writer = writer;
    put(text, n);
    line_open = text[n - 1] != '\n';
}

void console_mirror(void (*write)(const char *text, size_t n))
{
    mirror = write;
}

bool console_watch(int writer, void (*broken)(void))
{
    bool changed = watched != writer;
    call_broken = broken;
    watched = writer;
    return changed;
}

void console_forget(int writer)
{
    if (watched == writer)
        watched = CONSOLE_NO_ONE;
    if (line_writer == writer)
        line_writer = CONSOLE_NO_ONE;
}

void kprintf(const char *format, ...)
{
    char line[CONSOLE_LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    console_write(CONSOLE_KERNEL, line, MIN((size_t)n, sizeof(line) - 1));
}
