/* SPDX-License-Identifier: MIT */
/*
 * hello - the smallest program: prints a greeting and its pid.
 */
#include "ulib.h"

int main(void)
{
    printf("Hello world!!.\n");
    printf("I am process %d.\n", getpid());
    printf("hello pass.\n");
    return 0;
}
