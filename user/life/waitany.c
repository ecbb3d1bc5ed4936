/* SPDX-License-Identifier: MIT */
/*
 * waitany - waits for any child and learns which one it was; asks without waiting; keeps the child when an
 * address is bad.
 */
#include "check.h"

enum { CHILDREN = 5, BAD_ADDRESS = 0x1000 };

static int start(int code, unsigned ticks)
{
    int pid = fork();
    if (pid == 0) {
        sleep(ticks);
        exit(code);
    }
    assert(pid > 0);
    return pid;
}

/* Children end in the order of their sleeps, and each is told by its pid and code. */
static void check_order(void)
{
    int pids[CHILDREN], pid, code;
    for (int i = 0; i < CHILDREN; i++)
        pids[i] = start(100 + i, (unsigned)(CHILDREN - i) * 3);
    for (int i = CHILDREN - 1; i >= 0; i--) {
        CHECK(waitany(&pid, &code, 0), 0, "waitany");
        CHECK(pid == pids[i], true, "it is child %d", i);
        CHECK(code, 100 + i, "its code");
    }
    CHECK(waitany(&pid, &code, 0), -E_BAD_PROC, "waitany without children");
    CHECK(waitany(&pid, &code, WNOHANG), -E_BAD_PROC, "the same with WNOHANG");
}

static void check_no_wait(void)
{
    int pid = -7, code = -7, child = start(INT32_MIN, 5);
    CHECK(waitany(&pid, &code, WNOHANG), 1, "waitany(WNOHANG) while none has ended");
    CHECK(pid == -7 && code == -7, true, "nothing is written");
    CHECK(waitany((int *)BAD_ADDRESS, (int *)BAD_ADDRESS, WNOHANG), 1, "it does not look at the addresses");
    await_state(child, ZOMBIE);
    CHECK(waitany(&pid, &code, WNOHANG), 0, "waitany(WNOHANG) of a zombie");
    CHECK(pid == child && code == INT32_MIN, true, "its pid and whole code");
}

static void check_arguments(void)
{
    int pid, code;
    int child = start(7, 0);
    CHECK(waitany(&pid, &code, 2), -E_INVAL, "an unknown flag");
    CHECK(waitany(&pid, &code, 0x80000001u), -E_INVAL, "unknown flags");
    CHECK(waitany((int *)BAD_ADDRESS, &code, 0), -E_INVAL, "a bad address for the pid");
    CHECK(waitany(&pid, (int *)BAD_ADDRESS, 0), -E_INVAL, "a bad address for the code");
    CHECK(waitany((int *)0xC0100000u, NULL, WNOHANG), -E_INVAL, "an address of the kernel");
    CHECK(waitany(&pid, &code, 0), 0, "the child was kept");
    CHECK(pid == child && code == 7, true, "with its pid and code");
    child = start(1, 0);
    CHECK(waitany(NULL, NULL, 0), 0, "both addresses may be NULL");
    CHECK(waitpid(child, NULL), -E_BAD_PROC, "the child is gone");
}

static int wait_for_ever(void *unused)
{
    (void)unused;
    start(0, 30);
    return waitany(NULL, NULL, 0);
}

static void check_killed(void)
{
    int pid = fork();
    if (pid == 0)
        exit(wait_for_ever(NULL));
    await_state(pid, SLEEPING);
    CHECK(kill(pid), 0, "kill of a process in waitany");
    CHECK(code_of(pid), -E_KILLED, "its code");
}

int main(void)
{
    check_order();
    check_no_wait();
    check_arguments();
    check_killed();
    return pass();
}
