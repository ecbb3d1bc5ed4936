/* SPDX-License-Identifier: MIT */
/*
 * ulib - library functions that are more than one system call.
 */
#include "ulib.h"

/* clone() in assembler (start.S), because the child has no C frame to return to. */
int clone_onto(int nr, unsigned flags, uint32_t *stack);

NORETURN void exit(int code)
{
    sys_exit(code);
    __builtin_unreachable();
}

int thread_start(int (*body)(void *arg), void *arg, void *stack_top)
{
    /* Two words are used; the other two keep the alignment that the ABI requires at a call. */
    uint32_t *stack = (uint32_t *)stack_top - 4;
    stack[0] = (uint32_t)arg;
    stack[1] = (uint32_t)body;
    return clone_onto(NR_clone, CLONE_VM, stack);
}

unsigned number_of(const char *text)
{
    unsigned number = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            panic("\"%s\" is not a number", text);
        number = number * 10 + (unsigned)(*text - '0');
    }
    return number;
}

void *sbrk(size_t bytes)
{
    uintptr_t old = brk(0);
    return brk(old + bytes) == old + bytes ? (void *)old : NULL;
}
