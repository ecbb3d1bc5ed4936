/* SPDX-License-Identifier: MIT */
/*
 * arguments - the arguments of system calls, as <ucow/syscalls.def> and <ucow/linux.def> describe them, for
 * programs that make every call.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/string.h"

/* The types that the lists give arguments. */
enum type { INT, UINT, ADDR, PTR, STR };

/* Whether `name` is in a list that ends in NULL. */
static inline bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

#endif
