/* SPDX-License-Identifier: MIT */
/*
 * host_exec - the buffer for the strings of an exec, if there is memory. Included by one file of a program.
 */
#ifndef HOST_EXEC_H
#define HOST_EXEC_H

#include "journal.h"
#include "mm/slab.h"
#include "proc/exec.h"

static bool no_memory;

void *kmalloc(size_t bytes)
{
    static char buffer[EXEC_MAX_BYTES];
    CHECK_EQ(bytes, sizeof(buffer));
    note("kmalloc");
    return no_memory ? NULL : buffer;
}

void kfree(void *what)
{
    (void)what;
    note("kfree");
}

#endif
