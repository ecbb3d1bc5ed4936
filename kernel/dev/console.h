/* SPDX-License-Identifier: MIT */
/*
 * console - whole lines on the serial port, and on the screen if there is one.
 *
 * The console remembers whether the last line is unfinished and which writer began it. Another
 * writer starts a new line first, so lines are never torn.
 */
#ifndef DEV_CONSOLE_H
#define DEV_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that are buffered for a process until its line is complete. */
#define CONSOLE_LINE_BYTES 256

/* Writer number of the kernel; a process writes with its pid, which is above 0. */
#define CONSOLE_KERNEL 0
#define CONSOLE_NO_ONE (-1)

/* Write n bytes for `writer`; polls the port. Not preempted, but interrupts may be on, so only a panic writes
 * from a handler. */
void console_write(int writer, const char *text, size_t n);

/* Let `write`, too, have all output from now on: a second console. */
void console_mirror(void (*write)(const char *text, size_t n));

/* Call broken(), in any context, when another writer ends a line that `writer` left unfinished; until another
 * writer is watched. Returns whether another one was watched before. */
bool console_watch(int writer, void (*broken)(void));

/* Process `writer` ends: a later process with its pid does not continue a line that it left unfinished. */
void console_forget(int writer);

/* printf for the kernel. A line longer than CONSOLE_LINE_BYTES is cut. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
