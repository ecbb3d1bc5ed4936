/* SPDX-License-Identifier: MIT */
/*
 * execargs - exec passes all arguments, to another program and to this one, which executes itself
 * several times as `execargs ROUNDS PID`; the pid stays the same.
 */
#include "check.h"

static int run_args(void *arg)
{
    const char *const argv[] = {"args", "one", "two words", "", "-last"};
    (void)arg;
    return exec("args", ARRAY_SIZE(argv), argv);
}

static int run_self(char rounds, int pid)
{
    char rounds_text[] = {rounds, '\0'};
    char pid_text[12];
    snprintf(pid_text, sizeof(pid_text), "%d", pid);
    const char *const argv[] = {"execargs", rounds_text, pid_text};
    return exec("execargs", ARRAY_SIZE(argv), argv);
}

int main(int argc, char *argv[])
{
    if (argc == 1) {
        CHECK(child_code(run_args, NULL), 0, "exit code of args");
        return run_self('3', getpid());
    }
    assert(argc == 3);
    char pid_text[12];
    snprintf(pid_text, sizeof(pid_text), "%d", getpid());
    CHECK(strcmp(argv[2], pid_text), 0, "change of pid with %s rounds to go", argv[1]);
    if (argv[1][0] == '0')
        return pass();
    return run_self((char)(argv[1][0] - 1), getpid());
}
