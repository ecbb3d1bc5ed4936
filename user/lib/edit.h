/* SPDX-License-Identifier: MIT */
/*
 * edit - reads a line from a terminal in raw mode, with editing, history and completion.
 *
 *   left, right, ^B, ^F, home, end, ^A, ^E    move; up, down, ^P, ^N: through the history
 *   DEL, ^H, delete                           erase a character; ^W: a word; ^U: up to the cursor; ^K: from
 * it on Tab                                       completes a word, or lists what it may become ^L clears the
 * screen; ^C: abandons the line; ^D: ends an empty one
 *
 * Characters are UTF-8. The editor does no input and output itself, and has no data of its own. A character
 * typed at the end of the line is shown as it is, without escape sequences. Moving within a line that is
 * wider than the terminal shows it wrongly; ^L shows it again.
 */
#ifndef LIB_EDIT_H
#define LIB_EDIT_H

#include <stddef.h>

#define EDIT_LINE_BYTES 256 /* of a line of the history, with its NUL */
#define EDIT_HISTORY 16

/* Results of edit_line() besides a length and the errors of `read`. */
#define EDIT_END (-1000)       /* ^D on an empty line */
#define EDIT_TOO_LONG (-1001)  /* the line did not fit and is lost */
#define EDIT_ABANDONED (-1002) /* ^C */

/* The lines that were read, the oldest first. Zeroed: empty. */
struct edit_history {
    char lines[EDIT_HISTORY][EDIT_LINE_BYTES];
    unsigned count;
};

struct edit_terminal {
    /* Wait for a byte. Returns 1; 0: the line has to be shown again; or an error. */
    int (*read)(char *byte);
    void (*write)(const char *text, size_t n);
    /* Returns the i-th text, from 0, that the word line[from..to) may become; NULL: there is none. May be
     * NULL. */
    const char *(*complete)(const char *line, size_t from, size_t to, unsigned i);
};

/* Show `prompt` and read a line into `buf`, without its newline. Returns its length, at most `size` - 1; or
 * one of the results above. `history` may be NULL; a line that is not empty is added to it. */
int edit_line(const struct edit_terminal *terminal, const char *prompt, char *buf, size_t size,
              struct edit_history *history);

#endif
