/*
 * backtrace - which function called which, with file and line.
 *
 * The table that turns an address into a line is made from the debug information of the linked
 * kernel (tools/lines.py) and linked in behind everything else.
 */
#ifndef DEBUG_BACKTRACE_H
#define DEBUG_BACKTRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether kernel code lies at an address. */
bool backtrace_is_code(uintptr_t address);

/* Print `function (file:line)` of a code address, without a newline. */
void backtrace_print_site(uintptr_t address);

/* Print one frame of a backtrace: the address and its site, as a line. */
void backtrace_print_frame(uintptr_t address);

/* Print the callers of the frame at `ebp`, the innermost first, one a line; follows only frames
 * in readable kernel memory, upwards, 32 at most. */
void backtrace_print(uintptr_t ebp);

#endif
