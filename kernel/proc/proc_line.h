/* SPDX-License-Identifier: MIT */
/*
 * proc_line - line-buffered output of processes.
 *
 * Programs may write single characters, and output of other processes must not split their lines. The
 * buffer is printed on a newline, when it is full, before the process waits for input, and at exit.
 */
#ifndef PROC_LINE_H
#define PROC_LINE_H

#include <stddef.h>

void proc_line_init(void);

/* Write output of the current process. */
void proc_line_write(const char *text, size_t n);

/* Print the buffered text. */
void proc_line_flush(void);

/* Print the buffered text and free the buffer. */
void proc_line_end(void);

/* proc_line_end(), and the console forgets that the current process, which ends, may have left a line
 * unfinished. */
void proc_line_exit(void);

#endif
