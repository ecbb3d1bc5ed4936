/* SPDX-License-Identifier: MIT */
/*
 * linuxexec - executes the program and arguments that its own arguments name, of either kind, and prints the
 * error if that fails. With "fork" before them a child does it, for which it waits; with "thread", a thread.
 */
#include "linux.h"

#include "lib/string.h"

static char *const *argv;

static int executes(void)
{
    print("linuxexec: %s = %d\n", argv[0], lx_execve(argv[0], argv, NULL));
    return 0;
}

int linux_main(const struct start *start)
{
    static uint32_t stack[256];
    argv = start->argv + 1;
    if (start->argc < 2) {
        print("usage: linuxexec [fork | thread] PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    if (strcmp(argv[0], "fork") == 0) {
        int status = -1, child = lx_fork();
        if (child != 0) {
            EXPECT(lx_waitpid(child, &status, 0), child);
            return status >> 8;
        }
        argv++;
    } else if (strcmp(argv[0], "thread") == 0) {
        argv++;
        stack[255] = (uint32_t)(uintptr_t)executes;
        EXPECT(clone_onto(LINUX_CLONE_VM | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD, &stack[255], NULL,
                          NULL) > 0,
               true);
        lx_exit(0); /* waits for the thread */
    }
    return executes();
}
