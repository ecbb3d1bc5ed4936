/* SPDX-License-Identifier: MIT */
/*
 * args - prints its arguments, one per line, and checks that its initial stack is as the System V i386
 * ABI says (D87): aligned to 16, argc, the argv pointers, a null pointer, the strings above them.
 *
 * If the last argument is "-stack", it prints the bytes of the stack, from its first word on, too.
 */
#include "check.h"

static bool in_stack(const void *p)
{
    return (uintptr_t)p < USERTOP && (uintptr_t)p >= USERTOP - USER_STACK_PAGES * PAGE_SIZE;
}

/* Print the memory from `bottom`, which is aligned to 16, to the end of the stack. */
static void print_stack(const uint8_t *bottom)
{
    enum { COLUMNS = 16 };
    for (const uint8_t *at = bottom; (uintptr_t)at < USERTOP; at += COLUMNS) {
        char line[2 * COLUMNS + 1];
        for (int i = 0; i < COLUMNS; i++)
            snprintf(line + (ptrdiff_t)2 * i, 3, "%02x", at[i]);
        printf("args: stack %08x %s\n", (unsigned)(uintptr_t)at, line);
    }
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
    if (argc > 0 && strcmp(argv[argc - 1], "-stack") == 0)
        print_stack((const uint8_t *)argc_at_entry);
    return pass();
}
