/* SPDX-License-Identifier: MIT */
/*
 * stdio - console input and output.
 *
 * printf() buffers its text on the stack and writes each line with one system call. Nothing is
 * buffered between calls.
 */
#include "edit.h"
#include "ulib.h"

struct line {
    size_t used;
    char text[256];
};

static void line_flush(struct line *line)
{
    write(STDOUT, line->text, line->used);
    line->used = 0;
}

static void line_put(void *ctx, char c)
{
    struct line *line = ctx;
    line->text[line->used++] = c;
    if (c == '\n' || line->used == sizeof(line->text))
        line_flush(line);
}

/* Append text to `line`; complete lines are written. */
PRINTF_LIKE(2, 3) static void line_printf(struct line *line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vformat(line_put, line, fmt, ap);
    va_end(ap);
}

int vprintf(const char *fmt, va_list ap)
{
    struct line line;
    line.used = 0;
    int length = vformat(line_put, &line, fmt, ap);
    if (line.used > 0)
        line_flush(&line);
    return length;
}

int printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int length = vprintf(fmt, ap);
    va_end(ap);
    return length;
}

static int read_byte(char *byte)
{
    return read(STDIN, byte, 1);
}

static void write_text(const char *text, size_t n)
{
    write(STDOUT, text, n);
}

int readline(char *buf, size_t size)
{
    const struct edit_terminal terminal = {read_byte, write_text, NULL};
    int mode = tcsetmode(TERM_STATUS | TERM_REDRAW);
    int result;
    tcsetmode(((unsigned)mode & TERM_KEYS) | TERM_STATUS | TERM_REDRAW);
    result = edit_line(&terminal, "", buf, size, NULL);
    tcsetmode((unsigned)mode);
    return result;
}

/* Print two lines: "user WHAT at FILE:LINE:", and the message, indented by four spaces. */
static void report(const char *what, const char *file, int at, const char *fmt, va_list ap)
{
    struct line line;
    line.used = 0;
    line_printf(&line, "user %s at %s:%d:\n    ", what, file, at);
    vformat(line_put, &line, fmt, ap);
    line_put(&line, '\n');
}

NORETURN void panic_at(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report("panic", file, line, fmt, ap);
    va_end(ap);
    exit(-E_PANIC);
}

void warn_at(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report("warning", file, line, fmt, ap);
    va_end(ap);
}
