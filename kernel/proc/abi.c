/* SPDX-License-Identifier: MIT */
/*
 * abi - which program has which system calls.
 */
#include "proc/abi.h"

#include <ucow/linux.h>

#include <stddef.h>

static const struct abi *ucow_abi, *linux_abi;

void abi_init(const struct abi *ucow, const struct abi *linux_table)
{
    ucow_abi = ucow;
    linux_abi = linux_table;
}

const struct abi *abi_of(uintptr_t lowest)
{
    return linux_abi != NULL && lowest >= LINUX_BASE ? linux_abi : ucow_abi;
}

bool abi_is_linux(const struct abi *abi)
{
    return abi != NULL && abi == linux_abi;
}
