/* SPDX-License-Identifier: MIT */
/*
 * hogs - memory and disk run out again and again, and the hogs die of it: the program that started them, and
 * one that only sleeps, live (D105).
 *
 *     hogs ROUNDS MIB     in each round four processes take MIB MiB each and write to all of it twice
 */
#include "check.h"

enum { HOGS = 4, MIB = 1 << 20, NAP = 5 };

static size_t bytes;

static int hog(void)
{
    volatile char *memory = map_pages(bytes, MAP_PRIVATE);
    for (int i = 0; i < 2; i++)
        for (size_t at = 0; at < bytes; at += PAGE_SIZE)
            memory[at]++;
    return 0;
}

static int nap(void)
{
    for (;;)
        sleep(NAP);
}

static int start(int (*body)(void))
{
    int pid = fork();
    if (pid == 0)
        exit(body());
    return pid;
}

/* Returns how many of the hogs were ended. */
static int round_of_hogs(void)
{
    int pids[HOGS], ended = 0;
    for (int i = 0; i < HOGS; i++)
        do
            pids[i] = start(hog); /* there may be no memory for it yet */
        while (pids[i] == -E_NO_MEM && sleep(1) == 0);
    for (int i = 0; i < HOGS; i++) {
        int code = code_of(pids[i]);
        assert(code == 0 || code == -E_KILLED);
        ended += code != 0;
    }
    return ended;
}

int main(int argc, char **argv)
{
    int ended = 0;
    if (argc != 3)
        panic("usage: hogs ROUNDS MIB");
    unsigned rounds = number_of(argv[1]);
    bytes = number_of(argv[2]) * MIB;
    int sleeper = start(nap);
    assert(sleeper > 0);
    for (unsigned i = 0; i < rounds; i++)
        ended += round_of_hogs();
    printf("hogs: %d of %u were ended\n", ended, rounds * HOGS);
    CHECK(proc_of(sleeper).exit_code, 0, "exit code of the sleeper, which is alive");
    CHECK(proc_of(sleeper).killed, 0, "whether it was killed");
    assert(kill(sleeper) == 0);
    CHECK(code_of(sleeper), -E_KILLED, "exit code of the sleeper after that");
    return pass();
}
