/* SPDX-License-Identifier: MIT */
/*
 * call - the functions of a table of system calls, which turn registers into typed arguments.
 *
 * The includer defines CALL_FUNCTION(name), the function that does the work of the call `name`. CALL(name,
 * words of the frame ...) defines call_NAME(), for struct abi; each word goes through the TO_ macro of its
 * type.
 */
#ifndef SYS_CALL_H
#define SYS_CALL_H

#include "arch/i386/trapframe.h"
#include "mm/usercopy.h"

#define TO_INT(word) ((int32_t)(word))
#define TO_UINT(word) (word)
#define TO_ADDR(word) (word)
#define TO_PTR(word) ((struct uaddr){word})
#define TO_STR(word) ((struct uaddr){word})

#define CALL(name, ...)                                    \
    static int32_t call_##name(const struct trapframe *tf) \
    {                                                      \
        (void)tf;                                          \
        return CALL_FUNCTION(name)(__VA_ARGS__);           \
    }

#endif
