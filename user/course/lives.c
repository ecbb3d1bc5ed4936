/* SPDX-License-Identifier: MIT */
/*
 * lives - exit codes, waits, orphans and kills. For the course: `lives MODE NUMBER` prints results that
 * depend on the number.
 */
#include "numbers.h"

enum { INIT = 1, CHILDREN_MAX = 12 };

/* Fork `n` children; child i yields a few times and exits with the i-th number of the sequence. */
static void fork_all(unsigned n, unsigned seed, int *pids)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned code = next_number(&seed), yields = next_number(&seed) % 5;
        pids[i] = fork();
        if (pids[i] < 0)
            printf("lives: fork fails: %d\n", pids[i]);
        if (pids[i] != 0)
            continue;
        while (yields-- > 0)
            yield();
        exit((int)code);
    }
}

/* Each child is waited for by its pid, the last first. */
static void codes(unsigned seed)
{
    unsigned n = 4 + seed % 5;
    int pids[CHILDREN_MAX];
    fork_all(n, seed, pids);
    while (n-- > 0) {
        int code = -1;
        int error = waitpid(pids[n], &code);
        printf("lives: child %u: %d, code %d\n", n, error, code);
    }
}

/* Children are waited for as they come. */
static void any(unsigned seed)
{
    unsigned n = 4 + seed % 5, sum = 0, reaped = 0;
    int pids[CHILDREN_MAX], code = 0;
    fork_all(n, seed, pids);
    for (; reaped <= n && waitpid(0, &code) == 0; reaped++)
        sum += (unsigned)code;
    printf("lives: %u children, sum %u, then %d\n", reaped, sum, waitpid(0, &code));
}

/* What there is nothing to wait for. */
static void strangers(unsigned seed)
{
    int code = (int)next_number(&seed), seen = 0;
    printf("lives: without children %d\n", waitpid(0, NULL));
    int pid = fork();
    if (pid == 0) {
        int inner = fork();
        if (inner == 0)
            exit(0);
        printf("lives: the parent is no child: %d\n", waitpid(getppid(), NULL));
        waitpid(inner, NULL);
        exit(code);
    }
    printf("lives: itself %d, init %d, negative %d\n", waitpid(getpid(), NULL), waitpid(INIT, NULL),
           waitpid(-pid, NULL));
    int first = waitpid(pid, &seen);
    printf("lives: first %d with code %d, again %d\n", first, seen, waitpid(pid, NULL));
}

/* The parent waits before its child ends, and after another has ended. */
static void both_cases(unsigned seed)
{
    int early = (int)next_number(&seed), late = (int)next_number(&seed), code = -1;
    int pid = fork();
    if (pid == 0)
        exit(early);
    sleep(3);
    int error = waitpid(pid, &code);
    printf("lives: ended before the wait: %d, code %d\n", error, code);
    pid = fork();
    if (pid == 0) {
        sleep(3);
        exit(late);
    }
    error = waitpid(pid, &code);
    printf("lives: ended during the wait: %d, code %d\n", error, code);
}

/* A parent that ends before its children; each waits until it has a new one. */
static void orphans(unsigned seed)
{
    unsigned n = 2 + seed % 4;
    int code = -1;
    int pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < n; i++) {
            if (fork() != 0)
                continue;
            for (int tries = 0; getppid() != INIT && tries < 50; tries++)
                sleep(1);
            printf("lives: orphan %u of %u has parent %d\n", i, seed, getppid());
            exit((int)i);
        }
        exit((int)next_number(&seed));
    }
    int error = waitpid(pid, &code);
    printf("lives: their parent: %d, code %d\n", error, code);
    sleep(20);
    printf("lives: grandchildren are no children: %d\n", waitpid(0, NULL));
}

/* A parent that ends with dead children that it has not waited for. */
static void dead_children(unsigned seed)
{
    unsigned n = 2 + seed % 4;
    int code = -1, pids[CHILDREN_MAX];
    int pid = fork();
    if (pid == 0) {
        fork_all(n, seed, pids);
        sleep(5);
        exit((int)next_number(&seed));
    }
    int error = waitpid(pid, &code);
    printf("lives: left %u dead children: %d, code %d\n", n, error, code);
    sleep(20); /* init reaps them meanwhile */
}

/* Kill a child that computes, and one that sleeps; `what` is printed. */
static void kill_child(const char *what, void (*body)(void))
{
    int code = 0;
    int pid = fork();
    if (pid == 0) {
        body();
        exit(1);
    }
    sleep(3);
    unsigned start = gettime_msec();
    int first = kill(pid), again = kill(pid);
    int error = waitpid(pid, &code);
    printf("lives: kill of %s: %d, again %d, wait %d, code %d, %s\n", what, first, again, error, code,
           gettime_msec() - start < 500 ? "at once" : "late");
}

static void spin(void)
{
    for (;;)
        __asm__ volatile("");
}

static void sleep_long(void)
{
    sleep(100000);
}

static void kill_spinning(unsigned seed)
{
    printf("lives: number %u\n", next_number(&seed));
    kill_child("one that computes", spin);
}

static void kill_sleeping(unsigned seed)
{
    printf("lives: number %u\n", next_number(&seed));
    kill_child("one that sleeps", sleep_long);
}

/* The child of the victim computes for ever, so it has to be killed, too: the victim tells its pid. */
static void kill_waiting(unsigned seed)
{
    volatile int *inner = mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
    printf("lives: number %u\n", next_number(&seed));
    int code = 0;
    int pid = fork();
    if (pid == 0) {
        int child = fork();
        if (child == 0)
            spin();
        *inner = child;
        (void)waitpid(child, NULL);
        exit(1);
    }
    while (*inner == 0)
        yield();
    sleep(3);
    int killed = kill(pid);
    int error = waitpid(pid, &code);
    printf("lives: kill of one that waits: %d, wait %d, code %d\n", killed, error, code);
    printf("lives: kill of its child: %d\n", kill(*inner));
}

/* What cannot be killed. */
static void kill_refused(unsigned seed)
{
    int pid = fork();
    if (pid == 0)
        exit((int)next_number(&seed));
    sleep(3);
    int dead = kill(pid), code = 0;
    (void)waitpid(pid, &code);
    printf("lives: kill of a zombie %d, its code %d, of a reaped child %d, of init %d\n", dead, code,
           kill(pid), kill(INIT));
    pid = fork();
    if (pid == 0) {
        kill(getpid());
        printf("lives: it lives on\n");
        exit(1);
    }
    (void)waitpid(pid, &code);
    printf("lives: one that kills itself has code %d\n", code);
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {
        {"codes", codes},
        {"any", any},
        {"strangers", strangers},
        {"cases", both_cases},
        {"orphans", orphans},
        {"dead", dead_children},
        {"spinning", kill_spinning},
        {"sleeping", kill_sleeping},
        {"waiting", kill_waiting},
        {"unkillable", kill_refused},
    };
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
