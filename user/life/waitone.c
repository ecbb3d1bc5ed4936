/* SPDX-License-Identifier: MIT */
/*
 * waitone - waits for one child; the end of another one wakes it, and it goes back to sleep. After the
 * wake-up the first child computes until its time slice ends, so the parent gets the CPU back, in the middle
 * of its wait(), from a timer interrupt.
 */
#include "check.h"

enum { TICKS = 30, TURNS = 100000 };

/* Compute for longer than a time slice, mostly in user mode. */
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
