/* SPDX-License-Identifier: MIT */
/*
 * killrunnable - kills a child while it is runnable, and the child makes no further system call.
 */
#include "ulib.h"

#define SLEEP_TICKS 3
#define PAUSE 20000 /* loops between two calls, so that the trace ring holds all calls */

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
    assert(sleep(SLEEP_TICKS) == 0); /* the wake-up preempts the child in user mode */
    assert(kill(pid) == 0);
    yield();
    int code;
    assert(waitpid(pid, &code) == 0);
    assert(code == -E_KILLED);
    printf("killrunnable pass.\n");
    return 0;
}
