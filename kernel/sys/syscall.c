/* SPDX-License-Identifier: MIT */
/*
 * syscall - system call dispatch.
 *
 * One small function per system call converts registers to typed arguments; a table maps numbers
 * to these functions. Unknown numbers return -E_UNIMP.
 */
#include "sys/syscall.h"

#include <ucow/errno.h>

#include "arch/i386/trapframe.h"
#include "lib/util.h"
#include "watch/trace.h"

typedef int32_t call_fn(const struct trapframe *tf);

#define TO_INT(word) ((int32_t)(word))
#define TO_UINT(word) (word)
#define TO_ADDR(word) (word)
#define TO_PTR(word) ((struct uaddr){word})
#define TO_STR(word) ((struct uaddr){word})

#define CALL(name, ...)                                    \
    static int32_t call_##name(const struct trapframe *tf) \
    {                                                      \
        (void)tf;                                          \
        return sys_##name(__VA_ARGS__);                    \
    }
#define SYSCALL0(nr, name, ...) CALL(name)
#define SYSCALL1(nr, name, t1, a1, ...) CALL(name, TO_##t1(tf->edx))
#define SYSCALL2(nr, name, t1, a1, t2, a2, ...) CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx))
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx), TO_##t3(tf->ebx))
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    CALL(name, TO_##t1(tf->edx), TO_##t2(tf->ecx), TO_##t3(tf->ebx), TO_##t4(tf->edi))
#include <ucow/syscalls.def>

static call_fn *const calls[] = {
#define SYSCALL0(nr, name, ...) [nr] = call_##name,
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#include <ucow/syscalls.def>
};

void syscall(struct trapframe *tf)
{
    uint32_t nr = tf->eax;
    int32_t result = -E_UNIMP;
    TRACE(syscall_enter, nr, tf->edx, tf->ecx, tf->ebx);
    if (nr < ARRAY_SIZE(calls) && calls[nr] != NULL)
        result = calls[nr](tf);
    TRACE(syscall_leave, nr, result);
    tf->eax = (uint32_t)result;
}
