/* SPDX-License-Identifier: MIT */
/*
 * lineage - what a child inherits, and forks that fail. For the course: `lineage MODE NUMBER` prints results
 * that depend on the number.
 */
#include "numbers.h"

enum { HOLD_MAX = 1000, BALLAST_PAGES = 200 };

static volatile char ballast[BALLAST_PAGES][PAGE_SIZE];

/* A chain of children, each in its parent's group unless it makes one of its own. */
static void group(unsigned seed)
{
    unsigned depth = 3 + seed % 3, own = 1 + (seed >> 4) % depth;
    int leader = getpid();
    for (unsigned i = 1; i <= depth; i++) {
        int parent = getpid(), code = -1;
        int pid = fork();
        if (pid > 0) {
            int error = waitpid(pid, &code);
            printf("lineage: %u ends: %d, code %d\n", i, error, code);
            if (i > 1)
                exit((int)(seed % 1000 + i - 1));
            return;
        }
        printf("lineage: %u of %u: parent %s, group %s\n", i, seed, getppid() == parent ? "right" : "wrong",
               getpgid(0) == leader ? "inherited" : "other");
        if (i == own) {
            (void)setpgid(0, 0);
            leader = getpid();
        }
    }
    exit((int)(seed % 1000 + depth));
}

/* Fork children that sleep until fork fails, twice; the second time there must be as much room. */
static void full(unsigned seed)
{
    unsigned made[2];
    int error = 0;
    for (unsigned i = 0; i < BALLAST_PAGES; i++)
        ballast[i][0] = 1;      /* so that a fork fails in the middle, and not before it begins */
    __asm__ volatile("fninit"); /* there is an FPU state to copy, too */
    static int pids[HOLD_MAX];
    for (int round = 0; round < 2; round++) {
        unsigned n = 0;
        while (n < HOLD_MAX && (error = pids[n] = fork()) > 0)
            n++;
        if (n < HOLD_MAX && pids[n] == 0) {
            sleep(100000);
            exit(1);
        }
        for (unsigned i = 0; i < n; i++) {
            (void)kill(pids[i]);
            (void)waitpid(pids[i], NULL);
        }
        made[round] = n;
    }
    printf("lineage: number %u, fork fails with %s, %s room the second time\n", next_number(&seed),
           error == -E_NO_MEM || error == -E_NO_FREE_PROC ? "no memory" : "another error",
           made[1] + 2 >= made[0] ? "the same" : "less");
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {{"group", group}, {"full", full}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
