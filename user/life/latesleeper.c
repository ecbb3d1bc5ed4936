/* SPDX-License-Identifier: MIT */
/*
 * latesleeper - a process that mostly sleeps is woken in time, however many others compute (D106).
 */
#include "check.h"

enum { SPINNERS = 60, NAPS = 10, MOST_TICKS = 10 };

int main(void)
{
    int pids[SPINNERS], most = 0;
    for (int i = 0; i < SPINNERS; i++) {
        pids[i] = fork();
        assert(pids[i] >= 0);
        while (pids[i] == 0)
            continue;
    }
    for (int i = 0; i < NAPS; i++) {
        int start = sys_gettime();
        sleep(1);
        most = MAX(most, sys_gettime() - start - 1);
    }
    for (int i = 0; i < SPINNERS; i++)
        kill(pids[i]);
    for (int i = 0; i < SPINNERS; i++)
        waitpid(pids[i], NULL);
    printf("latesleeper: at most %d ticks late among %d that compute\n", most, SPINNERS);
    CHECK(most > MOST_TICKS, 0, "too late");
    return pass();
}
