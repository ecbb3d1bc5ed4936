/* SPDX-License-Identifier: MIT */
/*
 * proc_line - output that a process holds back until its line is complete.
 *
 * Programs may write character by character; other processes' lines must not come between. What
 * is held back goes out with the newline, when it no longer fits, before the process waits for
 * input, and when it ends.
 */
#ifndef PROC_LINE_H
#define PROC_LINE_H

#include <stddef.h>

void proc_line_init(void);

/* Output of the current process. */
void proc_line_write(const char *text, size_t n);

/* Send what is held back. */
void proc_line_flush(void);

/* The same, for the last time: the buffer is given up. */
void proc_line_end(void);

#endif
