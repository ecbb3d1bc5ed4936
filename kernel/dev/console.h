/*
 * console - whole lines on the serial port, whoever writes them.
 *
 * The console knows whether its cursor stands at the beginning of a line and who wrote last. A
 * writer who finds an unfinished line of somebody else starts a new one: lines are never torn.
 */
#ifndef DEV_CONSOLE_H
#define DEV_CONSOLE_H

#include <stddef.h>

/* Bytes a process can hold back until its line is complete. */
#define CONSOLE_LINE_BYTES 256

/* Writer number of the kernel itself; processes write under their pid, which is above 0. */
#define CONSOLE_KERNEL 0

/* Write n bytes for `writer`, waiting for the port. Not preempted; interrupts may come meanwhile, so
 * handlers do not write, but for a panic. */
void console_write(int writer, const char *text, size_t n);

/* printf for the kernel. A line longer than CONSOLE_LINE_BYTES is cut. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
