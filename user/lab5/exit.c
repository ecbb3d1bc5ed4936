/* SPDX-License-Identifier: MIT */
/*
 * exit - wait() returns all 32 bits of the child's exit code, and returns it once.
 */
#include "ulib.h"

enum { MAGIC = -0x10384 };

int main(void)
{
    printf("I am the parent. Forking the child...\n");
    int pid = fork();
    if (pid == 0) {
        printf("I am the child.\n");
        for (int i = 0; i < 7; i++)
            yield();
        exit(MAGIC);
    }
    printf("I am parent, fork a child pid %d\n", pid);
    assert(pid > 0);
    printf("I am the parent, waiting now..\n");

    int code;
    assert(waitpid(pid, &code) == 0 && code == MAGIC);
    assert(waitpid(pid, &code) != 0 && wait() != 0);
    printf("waitpid %d ok.\n", pid);
    printf("exit pass.\n");
    return 0;
}
