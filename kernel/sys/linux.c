/* SPDX-License-Identifier: MIT */
/*
 * linux - the table of the system calls of Linux, and errors as Linux numbers them.
 */
#include "sys/linux.h"

#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/abi.h"
#include "sys/call.h"

#define CALL_FUNCTION(name) linux_##name
#define LINUX0(nr, name, ...) CALL(name)
#define LINUX1(nr, name, t1, a1, ...) CALL(name, TO_##t1(tf->ebx))
#define LINUX2(nr, name, t1, a1, t2, a2, ...) CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx))
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx))
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi))
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi), TO_##t5(tf->edi))
#define LINUX6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...)                            \
    CALL(name, TO_##t1(tf->ebx), TO_##t2(tf->ecx), TO_##t3(tf->edx), TO_##t4(tf->esi), TO_##t5(tf->edi), \
         TO_##t6(tf->ebp))
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>

static int32_t call_none(const struct trapframe *tf)
{
    (void)tf;
    return -LINUX_ENOSYS;
}

/* Numbers that the list does not have keep what the first line gives them. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
static const struct abi linux_abi = {.name = "linux",
                                     .traced = LINUX_TRACED,
                                     .ebx_first = true,
                                     .calls = {
                                         [0 ... ABI_CALLS - 1] = call_none,
#define LINUX(nr, name, ...) [nr] = call_##name,
#define LINUX_NONE(nr, name)
#include <ucow/linux.def>
                                     }};
#pragma clang diagnostic pop

const struct abi *linux_calls(void)
{
    return &linux_abi;
}

static const uint8_t numbers[] = {
    [E_UNSPECIFIED] = LINUX_EPERM, [E_BAD_PROC] = LINUX_ESRCH,      [E_INVAL] = LINUX_EINVAL,
    [E_NO_MEM] = LINUX_ENOMEM,     [E_NO_FREE_PROC] = LINUX_EAGAIN, [E_FAULT] = LINUX_EFAULT,
    [E_SWAP_FAULT] = LINUX_EIO,    [E_INVAL_ELF] = LINUX_ENOEXEC,   [E_KILLED] = LINUX_EINTR,
    [E_TOO_BIG] = LINUX_E2BIG,     [E_NO_DEV] = LINUX_EIO,          [E_NOENT] = LINUX_ENOENT,
    [E_TIMEOUT] = LINUX_ETIMEDOUT,
};

int32_t linux_error(int32_t result)
{
    if (result >= 0)
        return result;
    uint32_t error = (uint32_t)-result;
    return error < ARRAY_SIZE(numbers) && numbers[error] != 0 ? -numbers[error] : -LINUX_EINVAL;
}

int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const struct trapframe tf = {.edx = a, .ecx = b, .ebx = c, .edi = d};
    return syscall_abi.calls[nr](&tf);
}

static int32_t copy_error(int error)
{
    return error == -E_INVAL ? -LINUX_EFAULT : linux_error(error);
}

int32_t linux_get(void *to, struct uaddr from, size_t n)
{
    return copy_error(copy_from_user(to, from, n));
}

int32_t linux_put(struct uaddr to, const void *from, size_t n)
{
    return copy_error(copy_to_user(to, from, n));
}
