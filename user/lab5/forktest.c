/* SPDX-License-Identifier: MIT */
/*
 * forktest - forks 32 children, and exactly 32 can be waited for.
 */
#include "ulib.h"

enum { CHILDREN = 32 };

int main(void)
{
    for (int n = 0; n < CHILDREN; n++) {
        int pid = fork();
        if (pid == 0) {
            printf("I am child %d\n", n);
            exit(0);
        }
        assert(pid > 0);
    }
    for (int n = 0; n < CHILDREN; n++) {
        if (wait() != 0)
            panic("wait found %d children, %d were made", n, CHILDREN);
    }
    if (wait() == 0)
        panic("wait found one child too many");
    printf("forktest pass.\n");
    return 0;
}
