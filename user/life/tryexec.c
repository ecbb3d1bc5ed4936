/* SPDX-License-Identifier: MIT */
/*
 * tryexec - executes each program it is given the name of, in a child. The child whose exec fails
 * goes on and exits with the error, so either way there is a number to print (D41, D43).
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
