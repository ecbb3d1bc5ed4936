/* SPDX-License-Identifier: MIT */
/*
 * exec - replace the program of the current process, completely or not at all.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

/* A kernel copy of the arguments: `argc` strings one after the other, then `envc` of the environment, each
 * with its NUL, `bytes` in total; at most EXEC_MAX_ARGS and EXEC_MAX_BYTES. String i begins at
 * strings[start[i]]. */
struct exec_args {
    int argc, envc;
    size_t bytes;
    const char *strings;
    uint16_t start[EXEC_MAX_ARGS];
};

/* Execute program `name` of the boot archive in the current process. Returns 0, with the trap frame set to
 * the program's entry; -E_NOENT, -E_INVAL_ELF or -E_NO_MEM, and then nothing has changed. */
int do_execve(const char *name, const struct exec_args *args);

#endif
