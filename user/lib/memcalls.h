/* SPDX-License-Identifier: MIT */
/*
 * memcalls - ucow's brk, mmap and munmap, for a program that is also compiled for Linux.
 *
 * test/unit/linux/memcalls.h has the same functions for Linux. Each call returns an address, 0, or a
 * negated error of <ucow/errno.h>. can_read() and can_write() change no memory.
 */
#ifndef LIB_MEMCALLS_H
#define LIB_MEMCALLS_H

#include "ulib.h"

enum { IS_UCOW = 1 };

#define USER_END ((uintptr_t)USERTOP)

static inline void memcalls_start(void)
{
}

static inline intptr_t call_brk(uintptr_t addr)
{
    return sys_brk(addr);
}

static inline intptr_t call_mmap(uintptr_t addr, size_t length, unsigned prot, unsigned flags)
{
    return sys_mmap(addr, length, prot, flags);
}

static inline intptr_t call_munmap(uintptr_t addr, size_t length)
{
    return sys_munmap(addr, length);
}

/* Whether the kernel can read a string at `va`: an exec with too many arguments fails, after it has read
 * the name. */
static inline bool can_read(uintptr_t va)
{
    return sys_exec((const char *)va, EXEC_MAX_ARGS + 1, NULL) != -E_INVAL;
}

/* Whether the kernel can write at `va`, which must be readable. */
static inline bool can_write(uintptr_t va)
{
    struct mem_info saved;
    memcpy(&saved, (void *)va, sizeof(saved));
    if (sys_meminfo((void *)va) != 0)
        return false;
    memcpy((void *)va, &saved, sizeof(saved));
    return true;
}

#endif
