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

void console_write(int writer, const char *text, size_t n)
{
    if (n == 0)
        return;
    if (line_open && line_writer != writer) {
        uart_write("\n", 1);
        if (line_writer == watched && watched != CONSOLE_NO_ONE)
            call_broken();
    }
    line_open = true; /* a panic may interrupt the output and print */
    line_writer = writer;
    uart_write(text, n);
    line_open = text[n - 1] != '\n';
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
