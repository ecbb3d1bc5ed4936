/* SPDX-License-Identifier: MIT */
/*
 * tryexec - executes each program that its arguments name, each in a child, and prints the exit codes.
 * A child whose exec fails exits with the error (D41, D43).
 */
#include "check.h"

static int run(void *name)
{
    const char *const argv[] = {name};
    return exec(name, ARRAY_SIZE(argv), argv);
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++)
        printf("tryexec: %s = %d\n", argv[i], child_code(run, argv[i]));
    return pass();
}
