/* SPDX-License-Identifier: MIT */
/*
 * shares - setpriority(), and how much of the CPU children with the priorities 1, 2 and 3 get.
 *
 * Each child counts in memory that it shares with the parent, which sleeps, reads the counts and kills them.
 */
#include "check.h"

enum { CHILDREN = 3, SLEEP_TICKS = 600 };

static void check_results(void)
{
    CHECK(setpriority(0), 0, "0 counts as 1");
    CHECK(setpriority(PRIORITY_MAX), 0, "the highest");
    CHECK(setpriority(PRIORITY_MAX + 1), -E_INVAL, "above the highest");
    CHECK(setpriority(~0u), -E_INVAL, "-1");
}

int main(void)
{
    volatile unsigned *counts = map_pages(PAGE_SIZE, MAP_SHARED);
    unsigned seen[CHILDREN], sum = 0;
    int pids[CHILDREN];
    check_results();
    for (unsigned i = 0; i < CHILDREN; i++) {
        setpriority(i + 1); /* the child inherits it */
        pids[i] = fork();
        assert(pids[i] >= 0);
        while (pids[i] == 0)
            counts[i]++;
    }
    sleep(SLEEP_TICKS);
    for (unsigned i = 0; i < CHILDREN; i++)
        sum += seen[i] = counts[i] / 1000;
    for (unsigned i = 0; i < CHILDREN; i++) {
        printf("shares: priority %u: %u of 1000\n", i + 1, seen[i] * 1000 / sum);
        kill(pids[i]);
        waitpid(pids[i], NULL);
    }
    return pass();
}
