/* SPDX-License-Identifier: MIT */
/*
 * halfline - a process ends in the middle of a line; a later process with the same pid starts a line of its
 * own (D96). Run it with few pids: max_procs=16. What the kernel prints for a process follows what the
 * process printed before.
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

static void show_pages(void)
{
    printf("before its pages");
    print_pgdir();
    exit(0);
}

static void trap(void)
{
    printf("before its trap");
    __builtin_trap();
}

static void in_a_child(void (*what)(void))
{
    int pid = fork();
    if (pid == 0)
        what();
    waitpid(pid, NULL);
}

int main(void)
{
    in_a_child(show_pages);
    in_a_child(trap);
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
