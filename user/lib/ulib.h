/* SPDX-License-Identifier: MIT */
/*
 * ulib - what a program of ucow can call.
 *
 * The library keeps no data of its own: a forked child that only calls it dirties no page but its
 * stack's. Calls return 0 or a result, and a negated number of <ucow/errno.h> on an error.
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

/* Wait for the child `pid`, 0 for any, and fetch its exit code unless `code` is NULL. */
static inline int waitpid(int pid, int *code)
{
    return sys_wait(pid, code);
}

static inline int wait(void)
{
    return sys_wait(0, NULL);
}

/* Become program `name` of the boot archive. Returns only on an error. */
static inline int exec(const char *name, int argc, const char *const argv[])
{
    return sys_exec(name, argc, (void *)argv);
}

static inline int kill(int pid)
{
    return sys_kill(pid);
}

static inline int yield(void)
{
    return sys_yield();
}

/* Sleep that many ticks of 10 ms. */
static inline int sleep(unsigned ticks)
{
    return sys_sleep(ticks);
}

static inline unsigned gettime_msec(void)
{
    return (unsigned)sys_gettime() * (1000 / TICK_HZ);
}

/* Run body(arg) in a thread: a process with a pid of its own and its parent's memory, on the stack
 * that ends at `stack_top` (aligned to 16). What body returns is its exit code. Returns the pid; the
 * caller waits for it as for any child and keeps the stack until then. */
int thread_start(int (*body)(void *arg), void *arg, void *stack_top);

/* ---- memory ---- */

/* Move the end of the heap; returns where it is then, unchanged when it cannot be moved there. */
static inline uintptr_t brk(uintptr_t addr)
{
    return (uintptr_t)sys_brk(addr);
}

/* Grow the heap by `bytes`; returns where they begin, NULL when there is no room. */
void *sbrk(size_t bytes);

static inline void *mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
    return (void *)sys_mmap(addr, len, prot, flags);
}

static inline int munmap(const volatile void *addr, size_t len)
{
    return sys_munmap((uintptr_t)addr, len);
}

/* The error of an mmap(), or 0 when it gave an address. */
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

/* At least one byte from the console, as soon as there is one; returns how many. */
static inline int read(int fd, void *buf, size_t n)
{
    return sys_read(fd, buf, n);
}

static inline int write(int fd, const void *buf, size_t n)
{
    return sys_write(fd, (void *)buf, n);
}

/* Print on the console. A line is handed to the kernel whole (up to 256 characters), so lines of
 * processes that print at the same time do not mix. Returns the number of characters. */
int printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
int vprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Read a line, with echo and backspace, without its end; what does not fit into `size` bytes with
 * their NUL is not taken. Returns its length; READLINE_END if ^D is typed at its beginning; -E_xxx of
 * read(). */
#define READLINE_END (-1000)
int readline(char *buf, size_t size);

/* The number that an argument of the program's is in decimal; a panic when it is none. */
unsigned number_of(const char *text);

/* ---- giving up ---- */

/* Say where and why, and exit with -E_PANIC. */
#define panic(...) panic_at(__FILE_NAME__, __LINE__, __VA_ARGS__)
NORETURN void panic_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Say where and what, and go on. */
#define warn(...) warn_at(__FILE_NAME__, __LINE__, __VA_ARGS__)
void warn_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define assert(x)                              \
    do {                                       \
        if (!(x))                              \
            panic("assertion failed: %s", #x); \
    } while (0)

#endif
