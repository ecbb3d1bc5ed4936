/* SPDX-License-Identifier: MIT */
/*
 * check - helpers of test programs: print a value, compare it, and report that all checks passed.
 *
 *     CHECK(kill(1), -E_INVAL, "kill(%d)", 1);    prints "killer: kill(1) = -3"
 *     return pass();                              prints "killer pass."
 *
 * An unexpected value panics, so a program that reaches its last line has passed. The build defines
 * PROGRAM, the program's name.
 */
#ifndef CHECK_H
#define CHECK_H

#include "ulib.h"

/* Print `value` with a description, and panic unless it equals `wanted`. */
#define CHECK(value, wanted, ...) check_at(__FILE_NAME__, __LINE__, PROGRAM, value, wanted, __VA_ARGS__)
void check_at(const char *file, int line, const char *program, int value, int wanted, const char *fmt, ...)
    PRINTF_LIKE(6, 7);

/* Run body(arg) in a child. Returns the child's exit code: body's result, or -E_KILLED if it was killed. */
int child_code(int (*body)(void *arg), void *arg);

/* Wait for child `pid` and return its exit code. Panics if it is not a child of the caller. */
int code_of(int pid);

/* Returns what procs() reports about process `pid`. Panics if there is none. */
struct proc_info proc_of(int pid);

/* Yield until process `pid` is in `state`. */
void await_state(int pid, unsigned state);

/* The values of proc_info.state, without their prefix. */
enum {
#define PROC_STATE(NAME, next) NAME = PROC_##NAME,
#include <ucow/enums.def>
};

/* Map `bytes` bytes of zeroed memory. Children share it (MAP_SHARED) or get a copy (MAP_PRIVATE). */
void *map_pages(size_t bytes, unsigned share);

/* Print "NAME pass." Returns 0, for main() to return. */
#define pass() pass_as(PROGRAM)
int pass_as(const char *program);

#endif
