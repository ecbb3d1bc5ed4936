/*
 * usercopy - range checks around arch/i386/usercopy.S.
 */
#include "mm/usercopy.h"

#include <ucow/errno.h>
#include <ucow/layout.h>

#include "arch/i386/usercopy.h"
#include "lib/util.h"

static int in_user_space(uintptr_t va, size_t n)
{
    return va >= USERBASE && va <= USERTOP && n <= USERTOP - va;
}

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    if (!in_user_space(from.va, n))
        return -E_INVAL;
    return usercopy_bytes(to, (const void *)from.va, n) == 0 ? 0 : -E_INVAL;
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    if (!in_user_space(to.va, n))
        return -E_INVAL;
    return usercopy_bytes((void *)to.va, from, n) == 0 ? 0 : -E_INVAL;
}

int probe_user(struct uaddr from, size_t n)
{
    char byte;
    if (!in_user_space(from.va, n))
        return -E_INVAL;
    for (size_t at = 0; at < n; at = ALIGN_DOWN(from.va + at, PAGE_SIZE) + PAGE_SIZE - from.va)
        if (usercopy_bytes(&byte, (const void *)(from.va + at), 1) != 0)
            return -E_INVAL;
    return 0;
}

int copy_string_from_user(char *to, struct uaddr from, size_t size)
{
    if (from.va < USERBASE || from.va >= USERTOP)
        return -E_INVAL;
    size_t limit = MIN(size, (size_t)(USERTOP - from.va));
    size_t copied = usercopy_string(to, (const char *)from.va, limit);
    if (copied == USERCOPY_FAULT)
        return -E_INVAL;
    if (copied > 0 && to[copied - 1] == '\0')
        return (int)copied - 1;
    return limit < size ? -E_INVAL : -E_TOO_BIG;
}
