/* SPDX-License-Identifier: MIT */
/*
 * line - the line discipline of canonical mode: bytes become a line that can be edited until it is complete.
 *
 *   Enter    completes the line, with a newline
 *   ^D       completes what was typed, without a newline; an empty line is the end of the input
 *   DEL, ^H  erase the last character, which may have several bytes; ^W: the last word; ^U: the line
 *
 * Control characters are shown as ^X. A line that fills the buffer is complete: nothing is ever dropped. The
 * caller keeps two calls from running at the same time.
 */
#ifndef DEV_LINE_H
#define DEV_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES 256

struct line {
    char text[LINE_BYTES];
    size_t length; /* bytes in the buffer */
    size_t taken;  /* bytes of them that were read */
    bool complete; /* may be read; no more bytes are added before all were */
};

/* Show text on the terminal. */
typedef void line_show(const char *text, size_t n);

/* Process a typed byte; `line` is not complete. What the user shall see of it goes to `show`; NULL: nothing.
 */
void line_put(struct line *line, char c, line_show *show);

/* Show the line again, as far as it was typed. */
void line_show_again(const struct line *line, line_show *show);

/* Copy bytes that were not read yet, `n` at most, to `to`. Returns how many. */
size_t line_peek(const struct line *line, char *to, size_t n);

/* `n` bytes were read. After the last one, and of an empty line, the next line begins. */
void line_drop(struct line *line, size_t n);

/* Forget the line. */
void line_flush(struct line *line);

#endif
