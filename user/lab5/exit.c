/* SPDX-License-Identifier: MIT */
/*
 * exit - wait() returns all 32 bits of the child's exit code, and returns it once. The child begins with the
 * bytes of its parent.
 */
#include "ulib.h"

enum { MAGIC = -0x10384 };

static volatile int in_data;

int main(void)
{
    printf("I am the parent. Forking the child...\n");
    volatile int on_stack = MAGIC;
    in_data = MAGIC;
    int pid = fork();
    if (pid == 0) {
        printf("I am the child.\n");
        if (in_data != MAGIC || on_stack != MAGIC)
            panic("the child sees other bytes than its parent wrote: %d in the data, %d on the stack, not %d",
                  in_data, on_stack, MAGIC);
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
