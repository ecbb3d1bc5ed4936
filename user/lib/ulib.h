/* SPDX-License-Identifier: MIT */
/*
 * ulib - the library of user programs.
 *
 * The library has no data of its own, so calling it in a forked child dirties stack pages only.
 * Calls return 0 or a result; on error, a negated number of <ucow/errno.h>.
 */
#ifndef ULIB_H
#define ULIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "syscall.h"

#define NORETURN __attribute__((noreturn))

/* ---- processes ---- */

NORETURN void exit(int code);

static inline int fork(void)
{
    return sys_fork();
}

static inline int getpid(void)
{
    return sys_getpid();
}

/* Wait until child `pid` (0: any child) has ended, and reap it. Its exit code goes to *code unless `code`
 * is NULL. Returns 0; -E_BAD_PROC if there is no such child. */
static inline int waitpid(int pid, int *code)
{
    return sys_wait(pid, code);
}

static inline int wait(void)
{
    return sys_wait(0, NULL);
}

/* As waitpid(0, code), and the child's pid goes to *pid unless `pid` is NULL. With WNOHANG: returns 1 at once
 * if no child has ended. */
static inline int waitany(int *pid, int *code, unsigned flags)
{
    return sys_waitany(pid, code, flags);
}

static inline int getppid(void)
{
    return sys_getppid();
}

/* Move process `pid` (0: the caller), the caller or a child of it, to process group `group` (0: to a new one
 * with its pid). A child inherits its parent's group. Returns 0 or an error. */
static inline int setpgid(int pid, int group)
{
    return sys_setpgid(pid, group);
}

/* Returns the group of process `pid` (0: the caller); -E_BAD_PROC if there is none. */
static inline int getpgid(int pid)
{
    return sys_getpgid(pid);
}

/* Make `group` the terminal's foreground group: it gets the input, and ^C ends it. */
static inline int tcsetpgrp(int group)
{
    return sys_tcsetpgrp(group);
}

/* Replace this program by `name` from the boot archive. Returns only on error. */
static inline int exec(const char *name, int argc, const char *const argv[])
{
    return sys_exec(name, argc, (void *)argv);
}

/* Kill process `pid`, or every process of group -pid. */
static inline int kill(int pid)
{
    return sys_kill(pid);
}

static inline int yield(void)
{
    return sys_yield();
}

/* Set the caller's priority, 1 to PRIORITY_MAX; 0 counts as 1. Returns 0; -E_INVAL if it is above. */
static inline int setpriority(unsigned n)
{
    return sys_setpriority(n);
}

/* Sleep for `ticks` ticks of 10 ms. */
static inline int sleep(unsigned ticks)
{
    return sys_sleep(ticks);
}

static inline unsigned gettime_msec(void)
{
    return (unsigned)sys_gettime() * (1000 / TICK_HZ);
}

/* Run body(arg) in a thread: a process with its own pid that shares its parent's memory. Its stack
 * ends at `stack_top`, which is aligned to 16. The result of body is the thread's exit code. Returns
 * the pid or an error; the caller waits for it as for any child, and must not reuse the stack before. */
int thread_start(int (*body)(void *arg), void *arg, void *stack_top);

/* Run program `name` in a child and wait for its end, as fork(), exec() and waitpid() would, but without
 * copying this process's memory: the cost does not depend on its size. Until it executes the program, the
 * child runs in this memory, on a stack of 512 bytes in the caller's. Returns 0, and the exit code in *code
 * unless `code` is NULL; the error of clone() or exec(), and then *code is as before. */
int spawn(const char *name, int argc, const char *const argv[], int *code);

/* ---- memory ---- */

/* Move the end of the heap to `addr`. Returns the end after the call, which is unchanged on error. */
static inline uintptr_t brk(uintptr_t addr)
{
    return (uintptr_t)sys_brk(addr);
}

/* Grow the heap by `bytes`. Returns the start of the new memory, or NULL if there is no room. */
void *sbrk(size_t bytes);

static inline void *mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
    return (void *)sys_mmap(addr, len, prot, flags);
}

static inline int munmap(const volatile void *addr, size_t len)
{
    return sys_munmap((uintptr_t)addr, len);
}

/* The error that mmap() returned, or 0 if it returned an address. */
static inline int mmap_error(const volatile void *addr)
{
    return (uintptr_t)addr > 0xfffff000u ? (int)(intptr_t)addr : 0;
}

static inline int print_pgdir(void)
{
    return sys_pgdir();
}

/* ---- text ---- */

enum { STDIN = 0, STDOUT = 1 };

/* Read up to `n` bytes from the console. Waits for the first byte. Returns the number of bytes. */
static inline int read(int fd, void *buf, size_t n)
{
    return sys_read(fd, buf, n);
}

static inline int write(int fd, const void *buf, size_t n)
{
    return sys_write(fd, (void *)buf, n);
}

/* Print on the console. Each line of up to 256 characters is one write(), so lines of different
 * processes do not mix. Returns the number of characters. */
int printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
int vprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Read a line, with the editing of edit.h, and store it without its newline. Returns the length; READLINE_END
 * if the line is empty and ended by ^D; READLINE_TOO_LONG if it has more than `size` - 1 bytes, and is lost;
 * READLINE_ABANDONED after ^C, if ^C does not kill the program; or an error of read(). */
#define READLINE_END (-1000)
#define READLINE_TOO_LONG (-1001)
#define READLINE_ABANDONED (-1002)
int readline(char *buf, size_t size);

/* Convert a decimal argument of the program. Panics if `text` is not a number. */
unsigned number_of(const char *text);

/* Set the terminal's mode, a sum of TERM_ flags. Returns the mode before, or an error. */
static inline int tcsetmode(unsigned mode)
{
    return sys_tcsetmode(mode);
}

/* ---- errors ---- */

/* Print file, line and message, and exit with -E_PANIC. */
#define panic(...) panic_at(__FILE_NAME__, __LINE__, __VA_ARGS__)
NORETURN void panic_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Print file, line and message, and return. */
#define warn(...) warn_at(__FILE_NAME__, __LINE__, __VA_ARGS__)
void warn_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Print "usage: TEXT" and exit with code 2: the program cannot run with these arguments. */
NORETURN void usage(const char *text);

#define assert(x)                              \
    do {                                       \
        if (!(x))                              \
            panic("assertion failed: %s", #x); \
    } while (0)

#endif
