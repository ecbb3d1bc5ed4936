/* SPDX-License-Identifier: MIT */
/*
 * planted_stack - a mistake on request that the stack protector finds. Not instrumented: others
 * would be quicker.
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
