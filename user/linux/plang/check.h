/* SPDX-License-Identifier: MIT */
/*
 * check - what user/fuzz/plang.c needs of the user library, by the system calls of Linux: so the same
 * interpreter runs on ucow's second table, and on Linux.
 *
 * Results are those of ucow's calls: exit codes are the sign-extended low byte, and a process that was killed
 * has -9.
 */
#ifndef LINUX_PLANG_CHECK_H
#define LINUX_PLANG_CHECK_H

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "lib/printf.h"
#include "lib/util.h"
#include "linux.h"

#define NORETURN __attribute__((noreturn))
/* After lib/printf.h, whose functions have attributes of that name. */
#define printf print

#define panic(...)          \
    do {                    \
        print(__VA_ARGS__); \
        lx_exit_group(1);   \
        __builtin_trap();   \
    } while (0)

#define usage(text) panic("usage: %s\n", text)

NORETURN void exit(int code);
int waitpid(int pid, int *code);
int wait(void);
int exec(const char *name, int argc, const char *const argv[]);
int thread_start(int (*body)(void *arg), void *arg, void *stack_top);
void *mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags);
int munmap(const volatile void *addr, size_t len);
void *map_pages(size_t bytes, unsigned share);
int sys_meminfo(struct mem_info *info);
int pass(void);
int main(int argc, char *argv[]);

static inline int fork(void)
{
    return lx_fork();
}

/* A child that was reaped has no pid: on Linux, -1 would be every process. */
static inline int kill(int pid)
{
    return pid > 0 ? lx_kill(pid, 9) : -E_INVAL;
}

static inline void yield(void)
{
    lx_sched_yield();
}

static inline uintptr_t brk(uintptr_t addr)
{
    return (uintptr_t)lx_brk(addr);
}

/* Linux may move pages to the disk when it likes. */
static inline void sys_pageout(uintptr_t addr, size_t len)
{
    (void)addr, (void)len;
}

#endif
