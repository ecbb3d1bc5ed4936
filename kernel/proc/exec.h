/* SPDX-License-Identifier: MIT */
/*
 * exec - a process becomes another program; it does so wholly or not at all.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include <stddef.h>

/* Arguments, copied from the caller: `argc` strings one behind the other, each with its
 * NUL, `bytes` in all; within EXEC_MAX_ARGS and EXEC_MAX_BYTES. */
struct exec_args {
    int argc;
    size_t bytes;
    const char *strings;
};

/* Let the current process execute program `name` of the boot archive: 0, and its frame is the new
 * program's. -E_NOENT, -E_INVAL_ELF, -E_NO_MEM: nothing has changed. */
int do_execve(const char *name, const struct exec_args *args);

#endif
