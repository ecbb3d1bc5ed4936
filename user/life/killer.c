/* SPDX-License-Identifier: MIT */
/*
 * killer - which processes kill() and wait() accept, and which they refuse (D03, D48, D83, D87).
 */
#include "check.h"

static int kill_self(void *arg)
{
    (void)arg;
    return kill(getpid());
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int sleep_long(void *arg)
{
    (void)arg;
    return sleep(100000);
}

static int start(int (*body)(void *arg))
{
    int pid = fork();
    if (pid == 0)
        exit(body(NULL));
    assert(pid > 0);
    return pid;
}

/* kill() of a pid that does not exist, and of processes that must not die. */
static void check_untouchable(void)
{
    static const int pids[] = {0, 1, -1, -999, INT32_MIN, INT32_MAX, 99999};
    for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
        CHECK(kill(pids[i]), -E_INVAL, "kill(%d)", pids[i]);
}

static void check_dead(void)
{
    int zombie = start(nothing);
    await_state(zombie, ZOMBIE);
    CHECK(kill(zombie), -E_KILLED, "kill of a zombie");
    CHECK(kill(zombie), -E_KILLED, "kill of a zombie once more");
    CHECK(code_of(zombie), 0, "exit code of the zombie");
    CHECK(kill(zombie), -E_INVAL, "kill of the reaped");
}

static void check_twice(void)
{
    int pid = start(sleep_long);
    CHECK(kill(pid), 0, "kill of a child");
    CHECK(kill(pid), -E_KILLED, "kill of the dying");
    CHECK(code_of(pid), -E_KILLED, "exit code of the killed");
}

/* Each of these calls must return at once; one that blocked would block forever. */
static void check_wait(void)
{
    CHECK(wait(), -E_BAD_PROC, "wait with no children");
    int child = start(sleep_long);
    CHECK(waitpid(getpid(), NULL), -E_BAD_PROC, "wait for oneself");
    CHECK(waitpid(1, NULL), -E_BAD_PROC, "wait for init");
    CHECK(waitpid(99999, NULL), -E_BAD_PROC, "wait for no child");
    CHECK(waitpid(-5, NULL), -E_BAD_PROC, "wait(-5)");
    CHECK(waitpid(INT32_MIN, NULL), -E_BAD_PROC, "wait(INT_MIN)");
    CHECK(kill(child), 0, "kill of the sleeper");
    CHECK(code_of(child), -E_KILLED, "exit code of the sleeper");
    CHECK(waitpid(child, NULL), -E_BAD_PROC, "wait for it once more");
}

int main(void)
{
    check_untouchable();
    check_dead();
    check_twice();
    CHECK(child_code(kill_self, NULL), -E_KILLED, "exit code after killing oneself");
    check_wait();
    return pass();
}
