/* SPDX-License-Identifier: MIT */
/*
 * variables - mistakes with local and global variables that kasan finds; see planted.def.
 *
 * Pointers pass through a volatile, so that the compiler cannot see the mistake.
 */
#include "planted/planted.h"

static char global[10];

void plant_stack_overflow_write(void)
{
    char buffer[20];
    char *volatile pointer = buffer;
    pointer[20] = 1; /* <- stack_overflow_write */
}

void plant_stack_overflow_read(void)
{
    char buffer[20];
    char *volatile pointer = buffer;
    (void)*(volatile char *)(pointer + 21); /* <- stack_overflow_read */
}

void plant_stack_underflow(void)
{
    char buffer[20];
    char *volatile pointer = buffer;
    pointer[-1] = 1; /* <- stack_underflow */
}

void plant_use_after_scope(void)
{
    char *volatile pointer;
    {
        char buffer[20];
        pointer = buffer;
    }
    pointer[0] = 1; /* <- use_after_scope */
}

void plant_global_overflow(void)
{
    char *volatile pointer = global;
    pointer[10] = 1; /* <- global_overflow */
}
