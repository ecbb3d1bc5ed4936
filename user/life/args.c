/* SPDX-License-Identifier: MIT */
/*
 * args - prints its arguments, one per line, and checks that its initial stack is as the System V i386
 * ABI says (D87): aligned to 16, argc, the argv pointers, a null pointer, the strings above them.
 */
#include "check.h"

static bool in_stack(const void *p)
{
    return (uintptr_t)p < USERTOP && (uintptr_t)p >= USERTOP - USER_STACK_PAGES * PAGE_SIZE;
}

int main(int argc, char *argv[])
{
    const int *argc_at_entry = (const int *)argv - 1;

    printf("args: argc = %d\n", argc);
    for (int i = 0; i < argc; i++)
        printf("args: argv[%d] = %s\n", i, argv[i]);

    assert(IS_ALIGNED((uintptr_t)argc_at_entry, 16));
    assert(*argc_at_entry == argc);
    assert(argv[argc] == NULL);
    for (int i = 0; i < argc; i++)
        assert(in_stack(argv[i]) && argv[i] > (char *)&argv[argc]);
    return pass();
}
