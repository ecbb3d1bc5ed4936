/* SPDX-License-Identifier: MIT */
/*
 * badarg - wait() refuses a negative pid and a kernel address, and the child can still be waited for.
 */
#include "ulib.h"

enum { CODE = 0xbeaf };

int main(void)
{
    int pid = fork();
    if (pid == 0) {
        printf("fork ok.\n");
        for (int i = 0; i < 10; i++)
            yield();
        exit(CODE);
    }
    assert(pid > 0);
    assert(waitpid(-1, NULL) != 0);
    assert(waitpid(pid, (int *)0xC0000000) != 0);

    int code;
    assert(waitpid(pid, &code) == 0 && code == CODE);
    printf("badarg pass.\n");
    return 0;
}
