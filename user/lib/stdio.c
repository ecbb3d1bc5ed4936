/* SPDX-License-Identifier: MIT */
/*
 * stdio - console input and output.
 *
 * printf() buffers its text on the stack and writes each line with one system call. Nothing is
 * buffered between calls.
 */
#include "ulib.h"

enum { END_OF_INPUT = 0x04, BACKSPACE = '\b', DELETE = 0x7f };

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

static void echo(const char *text)
{
    write(STDOUT, text, strlen(text));
}

int readline(char *buf, size_t size)
{
    size_t length = 0;
    for (;;) {
        char c;
        int error = read(STDIN, &c, 1);
        if (error < 0)
            return error;
        if (c == '\n' || c == '\r')
            break;
        if (c == END_OF_INPUT && length == 0)
            return READLINE_END;
        if ((c == BACKSPACE || c == DELETE) && length > 0) {
            length--;
            echo("\b \b");
        } else if (c >= ' ' && c < DELETE && length + 1 < size) {
            buf[length++] = c;
            write(STDOUT, &c, 1);
        }
    }
    echo("\n");
    buf[length] = '\0';
    return (int)length;
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
