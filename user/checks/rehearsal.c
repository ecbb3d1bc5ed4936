/* SPDX-License-Identifier: MIT */
/*
 * rehearsal - does what many programs do not: leaves an orphan, kills a sleeper, uses up a time slice, and
 * executes a program in a process that had one. The checks of the kernel look at each of them (rehearse=on).
 */
#include "ulib.h"

enum { LONG_TICKS = 1000000, TURN_TICKS = 8 };

static void leave_orphan(void)
{
    int pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            yield();
            exit(0);
        }
        exit(0);
    }
    assert(pid > 0 && waitpid(pid, NULL) == 0);
}

static void kill_sleeper(void)
{
    int pid = fork(), code;
    if (pid == 0) {
        sleep(LONG_TICKS);
        exit(0);
    }
    assert(pid > 0);
    sleep(1); /* meanwhile it falls asleep */
    assert(kill(pid) == 0 && waitpid(pid, &code) == 0 && code == -E_KILLED);
}

static void use_up_slice(void)
{
    unsigned start = gettime_msec();
    while (gettime_msec() - start < TURN_TICKS * (1000 / TICK_HZ)) {}
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 0;
    use_up_slice(); /* first: reports show the last events, and this makes many that say nothing */
    kill_sleeper();
    leave_orphan();
    const char *const again[] = {argv[0], "again"};
    return exec("rehearsal", 2, again);
}
