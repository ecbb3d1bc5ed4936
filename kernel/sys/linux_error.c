/* SPDX-License-Identifier: MIT */
/*
 * linux_error - errors as Linux numbers them: of ucow's own calls, and of copies from and to a program.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/abi.h"
#include "sys/call.h"
#include "sys/linux.h"

static const uint8_t numbers[] = {
    [E_UNSPECIFIED] = LINUX_EPERM, [E_BAD_PROC] = LINUX_ESRCH,      [E_INVAL] = LINUX_EINVAL,
    [E_NO_MEM] = LINUX_ENOMEM,     [E_NO_FREE_PROC] = LINUX_EAGAIN, [E_FAULT] = LINUX_EFAULT,
    [E_SWAP_FAULT] = LINUX_EIO,    [E_INVAL_ELF] = LINUX_ENOEXEC,   [E_KILLED] = LINUX_EINTR,
    [E_TOO_BIG] = LINUX_E2BIG,     [E_NO_DEV] = LINUX_EIO,          [E_NOENT] = LINUX_ENOENT,
    [E_TIMEOUT] = LINUX_ETIMEDOUT, [E_BUSY] = LINUX_EAGAIN,
};

int32_t linux_error(int32_t result)
{
    if (result >= 0)
        return result;
    uint32_t error = -(uint32_t)result;
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
