/* SPDX-License-Identifier: MIT */
/*
 * killrunnable - a child that makes system calls all the time is killed while it waits for the CPU.
 */
#include "ulib.h"

#define SLEEP_TICKS 3
#define PAUSE 20000 /* between two calls, so that the trace has room for all */

static void call_for_ever(void)
{
    for (;;) {
        for (volatile int i = 0; i < PAUSE; i++)
            ;
        getpid();
    }
}

int main(void)
{
    int pid = fork();
    if (pid == 0)
        call_for_ever();
    assert(pid > 0);
    assert(sleep(SLEEP_TICKS) == 0); /* meanwhile the child is interrupted in its program */
    assert(kill(pid) == 0);
    yield();
    int code;
    assert(waitpid(pid, &code) == 0);
    assert(code == -E_KILLED);
    printf("killrunnable pass.\n");
    return 0;
}
