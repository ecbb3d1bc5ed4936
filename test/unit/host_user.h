/* SPDX-License-Identifier: MIT */
/*
 * host_user - memory of a program for calls of Linux: addresses of the test's own, but for BAD. Included by
 * one file of a program.
 */
#ifndef HOST_USER_H
#define HOST_USER_H

#include <string.h>

#include "sys/linux.h"

#define BAD ((struct uaddr){8})
#define NOWHERE ((struct uaddr){0})

static inline struct uaddr user(const void *at)
{
    return (struct uaddr){(uintptr_t)at};
}

int32_t linux_get(void *to, struct uaddr from, size_t n)
{
    if (from.va == BAD.va || from.va == NOWHERE.va)
        return -LINUX_EFAULT;
    memcpy(to, (const void *)from.va, n);
    return 0;
}

int32_t linux_put(struct uaddr to, const void *from, size_t n)
{
    if (to.va == BAD.va)
        return -LINUX_EFAULT;
    memcpy((void *)to.va, from, n);
    return 0;
}

#endif
