/* SPDX-License-Identifier: MIT */
/*
 * labstyle - a program as lab 5 writes them: its headers, cprintf(), global variables, no prototypes.
 *
 * It shows that such sources compile and run. Two children exit with a code each; the third spins and is killed.
 */
#include <error.h>
#include <stdio.h>
#include <string.h>
#include <ulib.h>
#include <unistd.h>

#define NCHILD 3

int magic[NCHILD] = {0x10, -0x20, -E_KILLED};
char names[NCHILD][16];
int pids[NCHILD];

void
child(int n) {
    cprintf("I am %s, pid %d.\n", names[n], getpid());
    yield();
    if (n == NCHILD - 1) {
        while (1) {
            asm volatile ("pause");
        }
    }
    exit(magic[n]);
}

int
main(void) {
    int i, code;
    static_assert(SYS_fork == 2 && SYS_exit == 1);
    for (i = 0; i < NCHILD; i ++) {
        snprintf(names[i], sizeof(names[i]), "child %d", i);
        if ((pids[i] = fork()) == 0) {
            child(i);
        }
        if (pids[i] < 0) {
            panic("fork %d failed: %e", i, pids[i]);
        }
    }
    for (i = 0; i < 3; i ++) {
        yield();
    }
    assert(kill(pids[NCHILD - 1]) == 0);
    for (i = 0; i < NCHILD; i ++) {
        assert(waitpid(pids[i], &code) == 0 && code == magic[i]);
        cprintf("%s of length %d returned %d.\n", names[i], strlen(names[i]), code);
    }
    cprintf("wait: %e.\n", wait());
    assert(wait() == -E_BAD_PROC);
    warn("all %d children are gone", NCHILD);
    cputs("labstyle pass.");
    return 0;
}
