/* SPDX-License-Identifier: MIT */
/*
 * check - how a test program says what it found, and that all of it was right.
 *
 *     CHECK(kill(1), -E_INVAL, "kill(%d)", 1);    prints "killer: kill(1) = -3"
 *     return pass();                              prints "killer pass."
 *
 * A value that is not the wanted one is a panic: a program that reaches its last line has passed.
 * The build defines PROGRAM, the program's name.
 */
#ifndef CHECK_H
#define CHECK_H

#include "ulib.h"

#define CHECK(value, wanted, ...) check_at(__FILE_NAME__, __LINE__, PROGRAM, value, wanted, __VA_ARGS__)
void check_at(const char *file, int line, const char *program, int value, int wanted, const char *fmt, ...)
    PRINTF_LIKE(6, 7);

/* The exit code of a child that runs body(arg): what body returns, or what the child died of. */
int child_code(int (*body)(void *arg), void *arg);

/* Wait for the child `pid`, which must be one, and return its exit code. */
int code_of(int pid);

/* What procs() says of process `pid`, which must exist. */
struct proc_info proc_of(int pid);

/* Give the CPU away until process `pid` is in `state`. */
void await_state(int pid, unsigned state);

/* The states of struct proc_info, without their prefix. */
enum {
#define PROC_STATE(NAME, next) NAME = PROC_##NAME,
#include <ucow/enums.def>
};

/* Zeroed memory of `bytes` bytes that children share (MAP_SHARED) or get a copy of (MAP_PRIVATE). */
void *map_pages(size_t bytes, unsigned share);

/* Say that everything held; 0, for main() to return. */
#define pass() pass_as(PROGRAM)
int pass_as(const char *program);

#endif
