/* SPDX-License-Identifier: MIT */
/*
 * waitone - waits for one child, is woken by the end of another, and goes on waiting. Between being woken and
 * looking the first child computes until its turn is over: so it is a timer interrupt that gives the CPU
 * back to a sleeper, in the middle of its wait.
 */
#include "check.h"

enum { TICKS = 30, TURNS = 100000 };

/* Longer than a turn, mostly outside the kernel. */
static int compute(void)
{
    int end = sys_gettime() + TICKS;
    while (sys_gettime() < end)
        for (volatile int i = 0; i < TURNS; i++)
            ;
    return 1;
}

static int start(int (*body)(void))
{
    int pid = fork();
    if (pid == 0)
        exit(body());
    assert(pid > 0);
    return pid;
}

int main(void)
{
    int code, slow = start(compute), quick = start(getpid);
    CHECK(waitpid(slow, &code), 0, "wait for the slow child");
    CHECK(code, 1, "its exit code");
    CHECK(waitpid(quick, &code), 0, "wait for the quick child");
    CHECK(code, quick, "its exit code");
    return pass();
}
