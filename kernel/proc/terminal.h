/* SPDX-License-Identifier: MIT */
/*
 * terminal - what processes read: one terminal, its mode, its foreground group, and the keys that act at
 * once.
 *
 *   devices --input_put()--> queue (dev/input) --line_put()--> line (dev/line, canonical mode) --> read()
 *
 * Interrupt handlers fill the queue and remember keys. Everything else is done by processes: a reader turns
 * bytes into a line and shows them; ^C and ^T are served before the next return to user mode, or by idle.
 * A process outside the foreground group that reads sleeps until its group is in the foreground.
 */
#ifndef PROC_TERMINAL_H
#define PROC_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

void terminal_init(void);

/* Called by the interrupt handler of a device that has put bytes into the queue. Interrupts off. */
void terminal_input(void);

/* Set the mode, a sum of TERM_ flags (ucow/abi.h). Returns the mode before; -E_INVAL if there is no such
 * flag. */
int terminal_set_mode(uint32_t new);

/* Make `group`, which exists, the foreground group; waiting readers look again. */
void terminal_set_foreground(int group);

/* Returns the foreground group; 0: none. */
int terminal_foreground(void);

/* The last process of `group` is gone. If it was the foreground group, there is none, and any process may
 * read. */
void terminal_group_gone(int group);

/* The current process begins to read; `text` is what it has just written without a newline. */
void terminal_begin_read(const char *text, size_t n);

/* Sleep until the current process may read and terminal_peek() may find something. Returns 0; -E_KILLED if
 * the process was killed first. */
int terminal_wait(void);

#define TERMINAL_NOTHING (-1)

/* Copy what a read returns, `n` bytes at most, to `to` and leave it there. Returns how many: 0 is the end of
 * the input, or in mode TERM_REDRAW an unfinished line that others have ended; TERMINAL_NOTHING: wait again.
 * The caller keeps two processes from calling this and terminal_drop() at the same time. */
int terminal_peek(char *to, size_t n);

/* Remove `n` of the bytes that terminal_peek() returned, and wake the next reader if some are left. */
void terminal_drop(size_t n);

#endif
