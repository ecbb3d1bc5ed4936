/* SPDX-License-Identifier: MIT */
/*
 * lineage - what a child inherits, and forks that fail. For the course: `lineage MODE NUMBER` prints results
 * that depend on the number.
 */
#include "numbers.h"

enum { HOLD_MAX = 1000, BALLAST_PAGES = 200, OTHERS_DIE_TICKS = 500 };

static volatile char ballast[BALLAST_PAGES][PAGE_SIZE];

/* A chain of children, each in its parent's group unless it makes one of its own; all have the FPU state that
 * the first has set. */
static void group(unsigned seed)
{
    unsigned depth = 3 + seed % 3, own = 1 + (seed >> 4) % depth;
    int leader = getpid();
    unsigned short control = (unsigned short)(0x27f | (seed & 3) << 10); /* not the one after fninit */
    set_fpu_control(control);
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
        printf("lineage: %u of %u: parent %s, group %s, FPU %s\n", i, seed,
               getppid() == parent ? "right" : "wrong", getpgid(0) == leader ? "inherited" : "other",
               fpu_control() == control ? "inherited" : "other");
        if (i == own) {
            (void)setpgid(0, 0);
            leader = getpid();
        }
    }
    exit((int)(seed % 1000 + depth));
}

/* A child that fork made when memory was nearly full: sleep until the others are dead, then end with the
 * number if all of the ballast has been inherited. */
_Noreturn static void last_child(unsigned number)
{
    sleep(OTHERS_DIE_TICKS);
    for (unsigned i = 0; i < BALLAST_PAGES; i++)
        if (ballast[i][0] != (char)(i + 1))
            exit(1);
    exit((int)number);
}

/* Fork children until fork fails, twice; the second time there must be as much room. The last child is asked
 * what it has. */
static void full(unsigned seed)
{
    unsigned made[2], number = next_number(&seed);
    int error = 0, code = 0;
    for (unsigned i = 0; i < BALLAST_PAGES; i++)
        ballast[i][0] = (char)(i + 1); /* so that a fork fails in the middle, and not before it begins */
    __asm__ volatile("fninit");        /* there is an FPU state to copy, too */
    static int pids[HOLD_MAX];
    for (int round = 0; round < 2; round++) {
        unsigned n = 0;
        while (n < HOLD_MAX && (error = pids[n] = fork()) > 0)
            n++;
        if (n < HOLD_MAX && pids[n] == 0)
            last_child(number);
        for (unsigned i = 0; i + 1 < n; i++) {
            (void)kill(pids[i]);
            (void)waitpid(pids[i], NULL);
        }
        if (n > 0)
            (void)waitpid(pids[n - 1], &code);
        made[round] = n;
    }
    printf("lineage: number %u, fork fails with %s, %s room the second time\n", number,
           error == -E_NO_MEM || error == -E_NO_FREE_PROC ? "no memory" : "another error",
           made[1] * 20 >= made[0] * 19 ? "the same" : "less");
    printf("lineage: the last child ends with %d\n", code);
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {{"group", group}, {"full", full}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
