/* SPDX-License-Identifier: MIT */
/*
 * killed - a killed process ends at once, whether it sleeps, waits for a child, reads the console, spins,
 * yields, or has not run yet (D47, D84).
 */
#include "check.h"

/* "At once" allows one scheduling round of a few processes; the sleeps here are far longer. */
enum { AT_ONCE_TICKS = 5, LONG_TICKS = 100000 };

/* A page shared with the children, which store pids of their own children in it. */
static volatile int *shared;

static int sleeping(void *arg)
{
    (void)arg;
    return sleep(LONG_TICKS);
}

static int waiting(void *arg)
{
    int pid = fork();
    if (pid == 0)
        exit(sleeping(arg));
    *shared = pid;
    return wait();
}

static int reading(void *arg)
{
    char c;
    (void)arg;
    return read(STDIN, &c, 1);
}

static int spinning(void *arg)
{
    (void)arg;
    for (;;)
        ;
}

static int yielding(void *arg)
{
    (void)arg;
    for (;;)
        yield();
}

static int start(int (*body)(void *arg))
{
    int pid = fork();
    if (pid == 0)
        exit(body(NULL));
    assert(pid > 0);
    return pid;
}

static void check_end(int pid, const char *what)
{
    int before = sys_gettime();
    CHECK(kill(pid), 0, "kill of the %s", what);
    CHECK(code_of(pid), -E_KILLED, "exit code of the %s", what);
    CHECK(sys_gettime() - before <= AT_ONCE_TICKS, true, "the %s ends at once", what);
}

static void check_asleep(int (*body)(void *arg), const char *what)
{
    int pid = start(body);
    await_state(pid, SLEEPING);
    check_end(pid, what);
}

/* Kill a child that has run until the timer preempted it. */
static void check_running(int (*body)(void *arg), const char *what)
{
    int pid = start(body);
    while (proc_of(pid).runs == 0)
        yield();
    check_end(pid, what);
}

int main(void)
{
    shared = map_pages(PAGE_SIZE, MAP_SHARED);

    check_end(start(sleeping), "newborn");
    check_asleep(sleeping, "sleeper");
    check_asleep(reading, "reader");
    check_asleep(waiting, "waiter");
    CHECK(kill(*shared), 0, "kill of the waiter's child");
    check_running(spinning, "spinner");
    check_running(yielding, "yielder");
    return pass();
}
