/* SPDX-License-Identifier: MIT */
/*
 * memcalls - the interface of user/lib/memcalls.h, implemented with Linux system calls.
 *
 * It bypasses the C library, whose functions check and round arguments and cache results.
 */
#ifndef LINUX_MEMCALLS_H
#define LINUX_MEMCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <asm/unistd.h>

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "lib/util.h"

enum { IS_UCOW = 0 };

/* TASK_SIZE of x86-64 with four-level page tables. Linux maps above it only on request. */
#define USER_END ((uintptr_t)0x7ffffffff000)

/* The Linux error numbers that these calls return. */
enum { LINUX_EBADF = 9, LINUX_ENOMEM = 12, LINUX_EFAULT = 14, LINUX_EINVAL = 22 };

/* Give printf() a static buffer, so that it does not allocate memory during the test. */
static inline void memcalls_start(void)
{
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

/* Execute system call `nr`. Returns its result; on failure a negated Linux error number. */
static inline long linux_call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Convert a Linux error number in a result to ucow's. */
static inline intptr_t in_ucow_numbers(long result)
{
    switch (result) {
    case -LINUX_EINVAL:
        return -E_INVAL;
    case -LINUX_ENOMEM:
        return -E_NO_MEM;
    default:
        return result < 0 && result > -4096 ? -E_UNSPECIFIED : result;
    }
}

static inline intptr_t call_brk(uintptr_t addr)
{
    return linux_call(__NR_brk, (long)addr, 0, 0, 0, 0, 0);
}

static inline intptr_t call_mmap(uintptr_t addr, size_t length, unsigned prot, unsigned flags)
{
    return in_ucow_numbers(linux_call(__NR_mmap, (long)addr, (long)length, prot, flags, -1, 0));
}

static inline intptr_t call_munmap(uintptr_t addr, size_t length)
{
    return in_ucow_numbers(linux_call(__NR_munmap, (long)addr, (long)length, 0, 0, 0, 0));
}

/* Returns whether the kernel can read a string at `va`. */
static inline bool can_read(uintptr_t va)
{
    return linux_call(__NR_access, (long)va, 0, 0, 0, 0, 0) != -LINUX_EFAULT;
}

/* Returns whether the kernel can write at `va`, which must be readable. */
static inline bool can_write(uintptr_t va)
{
    struct timespec saved;
    memcpy(&saved, (void *)va, sizeof(saved));
    if (linux_call(__NR_clock_gettime, CLOCK_MONOTONIC, (long)va, 0, 0, 0, 0) != 0)
        return false;
    memcpy((void *)va, &saved, sizeof(saved));
    return true;
}

#endif
