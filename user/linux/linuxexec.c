/* SPDX-License-Identifier: MIT */
/*
 * linuxexec - executes the program and arguments that its own arguments name, of either kind, and prints the
 * error if that fails. With "fork" before them a child does it, for which it waits.
 */
#include "linux.h"

#include "lib/string.h"

int linux_main(const struct start *start)
{
    char *const *argv = start->argv + 1;
    if (start->argc < 2) {
        print("usage: linuxexec [fork] PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    if (strcmp(argv[0], "fork") == 0) {
        int status = -1, child = lx_fork();
        if (child != 0) {
            EXPECT(lx_waitpid(child, &status, 0), child);
            return status >> 8;
        }
        argv++;
    }
    print("linuxexec: %s = %d\n", argv[0], lx_execve(argv[0], argv, NULL));
    return 0;
}
