/* SPDX-License-Identifier: MIT */
/*
 * linux, left out: there are no system calls of Linux.
 */
#include <stddef.h>

#include "sys/syscall.h"

const struct abi *linux_calls(void)
{
    return NULL;
}
