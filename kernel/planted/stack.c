/* SPDX-License-Identifier: MIT */
/*
 * stack - the mistake that the stack protector finds; see planted.def. Not instrumented, because another
 * check would find it first.
 */
#include "planted/planted.h"

#include <stddef.h>

void plant_stack_smash(void)
{
    char buffer[16];
    char *volatile pointer = buffer;
    for (size_t i = 0; i < sizeof(buffer) + 2 * sizeof(void *); i++)
        pointer[i] = 'x';
} /* <- stack_smash */
