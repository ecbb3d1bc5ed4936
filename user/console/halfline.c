/* SPDX-License-Identifier: MIT */
/*
 * halfline - a process ends in the middle of a line; a later process with the same pid starts a line of its
 * own (D96). Run it with few pids: max_procs=16.
 */
#include "check.h"

enum { TRIES = 20000 };

static int write_half(void)
{
    int pid = fork();
    if (pid == 0) {
        printf("half a line");
        exit(0);
    }
    waitpid(pid, NULL);
    return pid;
}

int main(void)
{
    int wanted = write_half();
    for (int i = 0; i < TRIES; i++) {
        int pid = fork();
        if (pid == 0) {
            if (getpid() == wanted)
                printf("a whole line\n");
            exit(0);
        }
        waitpid(pid, NULL);
        if (pid == wanted)
            return pass();
    }
    panic("of %d children none got pid %d", TRIES, wanted);
}
