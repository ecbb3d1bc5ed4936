/* SPDX-License-Identifier: MIT */
/*
 * backtrace - which function called which, with file and line.
 *
 * The table that turns an address into a line is made from the debug information of the linked
 * kernel (tools/build/line_table.py) and linked in behind everything else.
 */
#ifndef WATCH_BACKTRACE_H
#define WATCH_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether kernel code lies at an address. */
bool backtrace_is_code(uintptr_t address);

/* Print `function (file:line)` of a code address, without a newline. */
void backtrace_print_site(uintptr_t address);

/* The name of the function at a code address, "?" when it is not known, into `size` bytes. */
void backtrace_function(uintptr_t address, char *name, size_t size);

/* Print one frame of a backtrace: the address and its site, as a line. */
void backtrace_print_frame(uintptr_t address);

/* Go from the frame at *ebp outwards to that of the function that made the call at `address`; *ebp
 * stays when there is none. */
void backtrace_find(uintptr_t address, uintptr_t *ebp);

/* Print the callers of the frame at `ebp`, the innermost first, one a line; follows only frames
 * in readable kernel memory, upwards, 32 at most. */
void backtrace_print(uintptr_t ebp);

#endif
