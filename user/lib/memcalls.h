/* SPDX-License-Identifier: MIT */
/*
 * memcalls - the calls that shape memory, as ucow has them, for a program that is compiled for Linux too.
 *
 * test/unit/linux/memcalls.h says the same in Linux's words. A result is an address, 0, or a
 * negated number of <ucow/errno.h>; probes leave no trace.
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

/* Whether the kernel can read a string at `va`: an exec with too many arguments reads the name only. */
static inline bool can_read(uintptr_t va)
{
    return sys_exec((const char *)va, EXEC_MAX_ARGS + 1, NULL) != -E_INVAL;
}

/* Whether the kernel can write at `va`, where it can read. */
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
