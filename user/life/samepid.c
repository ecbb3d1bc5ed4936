/* SPDX-License-Identifier: MIT */
/*
 * samepid - the first program ends, and a later process gets its pid and ends with another exit code.
 *
 * `samepid CODE LATER`: the first program exits with CODE, the process that gets its pid with LATER. The
 * machine's verdict is CODE's (D90). The parent of the later process has ended by then, so init reaps it as
 * it reaped the first program. Run it with few pids (max_procs=16), or it takes thousands of forks.
 */
#include "check.h"

enum { TRIES = 20000, NAP = 2 };

/* A child that got pid `wanted` outlives its parent and exits with `code`; any other child ends at once. */
static _Noreturn void be_child(int wanted, int code)
{
    if (getpid() != wanted)
        exit(0);
    sleep(NAP);
    exit(code);
}

int main(int argc, char *argv[])
{
    if (argc != 3)
        usage("samepid CODE LATER");
    int first = getpid(), code = (int)number_of(argv[1]), later = (int)number_of(argv[2]);
    if (fork() != 0)
        exit(code);
    assert(setpgid(0, 0) == 0); /* a pid is not used again while a process group has its number */
    for (int i = 0; i < TRIES; i++) {
        int pid = fork();
        if (pid == 0)
            be_child(first, later);
        if (pid == first)
            exit(0); /* without waiting for it */
        if (pid > 0)
            waitpid(pid, NULL);
    }
    panic("of %d children none got pid %d", TRIES, first);
}
