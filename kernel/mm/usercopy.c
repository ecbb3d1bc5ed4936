/* SPDX-License-Identifier: MIT */
/*
 * usercopy - checks ranges, then calls the instructions in arch/i386/uaccess.S.
 */
#include "mm/usercopy.h"

#include <stdbool.h>

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "arch/i386/uaccess.h"
#include "check/hooks.h"
#include "lib/util.h"
#include "mm/point.h"

static bool in_user_space(uintptr_t va, size_t n)
{
    return va >= USERBASE && va <= USERTOP && n <= USERTOP - va;
}

/* A system call reports a fault as an invalid parameter. */
static int error_of(int fault)
{
    return fault == -E_FAULT ? -E_INVAL : fault;
}

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    if (inject_fails(INJECT_USERCOPY, (uintptr_t)__builtin_return_address(0)))
        return -E_INVAL;
    kasan_check(to, n, true, (uintptr_t)__builtin_return_address(0));
    return in_user_space(from.va, n) ? error_of(usercopy_bytes(to, (const void *)from.va, n)) : -E_INVAL;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    if (inject_fails(INJECT_USERCOPY, (uintptr_t)__builtin_return_address(0)))
        return -E_INVAL;
    kasan_check(from, n, false, (uintptr_t)__builtin_return_address(0));
    return in_user_space(to.va, n) ? error_of(usercopy_bytes((void *)to.va, from, n)) : -E_INVAL;
}

int probe_user(struct uaddr from, size_t n)
{
    char byte;
    if (inject_fails(INJECT_USERCOPY, (uintptr_t)__builtin_return_address(0)))
        return -E_INVAL;
    int error = in_user_space(from.va, n) ? 0 : -E_INVAL;
    for (size_t at = 0; at < n && error == 0;
         at = ALIGN_DOWN(from.va + at, PAGE_SIZE) + PAGE_SIZE - from.va) {
        error = error_of(usercopy_bytes(&byte, (const void *)(from.va + at), 1));
        if (error == 0)
            error = mm_point(NULL);
    }
    return error;
}

int copy_string_from_user(char *to, struct uaddr from, size_t size)
{
    if (inject_fails(INJECT_USERCOPY, (uintptr_t)__builtin_return_address(0)))
        return -E_INVAL;
    if (from.va < USERBASE || from.va >= USERTOP)
        return -E_INVAL;
    size_t limit = MIN(size, (size_t)(USERTOP - from.va));
    int copied = usercopy_string(to, (const char *)from.va, limit);
    if (copied < 0)
        return error_of(copied);
    if (copied > 0 && to[copied - 1] == '\0')
        return copied - 1;
    return limit < size ? -E_INVAL : -E_TOO_BIG;
}
