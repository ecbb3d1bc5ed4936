/* SPDX-License-Identifier: MIT */
/*
 * backtrace - which function called which, with file and line.
 *
 * tools/build/line_table.py makes the table of addresses and lines from the debug information of a first
 * link; a second link appends the table to the kernel.
 */
#ifndef WATCH_BACKTRACE_H
#define WATCH_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether kernel code lies at an address. */
bool backtrace_is_code(uintptr_t address);

/* Print `function (file:line)` of a code address without a newline; the address if it is unknown. */
void backtrace_print_caller(uintptr_t address);

/* Copy the name of the function at a code address into `size` bytes; "?" if it is unknown. */
void backtrace_function(uintptr_t address, char *name, size_t size);

/* Print one line of a backtrace: the address, its function, file and line. */
void backtrace_print_frame(uintptr_t address);

/* Set *ebp to the frame of the function that made the call at `address`, searching outwards from the frame at
 * *ebp. Leaves *ebp unchanged if there is no such frame. */
void backtrace_find(uintptr_t address, uintptr_t *ebp);

/* Print the callers of the frame at `ebp`, one a line, the innermost first. Follows at most 32 frames, only
 * in readable kernel memory and only towards higher addresses. */
void backtrace_print(uintptr_t ebp);

#endif
