/* SPDX-License-Identifier: MIT */
/*
 * spin - a child that never makes a system call can be killed (D47, D51).
 */
#include "ulib.h"

int main(void)
{
    printf("I am the parent. Forking the child...\n");
    int pid = fork();
    if (pid == 0) {
        printf("I am the child. spinning ...\n");
        for (;;)
            ;
    }
    assert(pid > 0);
    printf("I am the parent. Running the child...\n");
    for (int i = 0; i < 3; i++)
        yield();

    printf("I am the parent.  Killing the child...\n");
    int result = kill(pid);
    printf("kill returns %d\n", result);
    assert(result == 0);

    result = waitpid(pid, NULL);
    printf("wait returns %d\n", result);
    assert(result == 0);
    printf("spin may pass.\n");
    return 0;
}
