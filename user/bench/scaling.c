/* SPDX-License-Identifier: MIT */
/*
 * scaling - yields and forks while few processes sleep, then while many do. The trace shows whether
 * either costs more with many (D53, D75).
 */
#include "check.h"

enum { TURNS = 10, FEW = 10, MANY = 600 };

static int pids[MANY];

static int yield_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < TURNS; i++)
        yield();
    return 0;
}

/* A process that sleeps until it is killed. */
static int start_sleeper(void)
{
    int pid = fork();
    if (pid == 0)
        exit(sleep(1000000));
    assert(pid > 0);
    return pid;
}

static void measure(const char *among)
{
    printf("scaling: among %s\n", among);
    int pid = fork();
    if (pid == 0)
        exit(yield_often(NULL));
    assert(pid > 0);
    yield_often(NULL);
    CHECK(code_of(pid), 0, "exit code of the partner");
    for (int i = 0; i < TURNS; i++)
        assert(child_code(yield_often, NULL) == 0);
}

int main(void)
{
    int count = 0;
    while (count < FEW)
        pids[count++] = start_sleeper();
    yield();
    measure("few");
    while (count < MANY)
        pids[count++] = start_sleeper();
    yield();
    measure("many");
    for (int i = 0; i < count; i++) {
        assert(kill(pids[i]) == 0);
        assert(code_of(pids[i]) == -E_KILLED);
    }
    return pass();
}
