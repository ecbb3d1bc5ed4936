/* SPDX-License-Identifier: MIT */
/*
 * wakeups - goes to sleep just when the tick that wakes it arrives, and tries each instruction of the way:
 * no wake-up is lost between the decision to sleep and the sleep (D50).
 *
 * A sleep ends at a tick, so the next tick is one tick away. This program then loops for almost a tick,
 * a little longer in each round: the start of the next sleep moves across the tick, two instructions
 * per round.
 *
 * `wakeups FROM TO` gives the range of loop counts.
 */
#include "check.h"

enum { LATE_TICKS = 2 };

/* Executes two instructions per turn. */
static void wait_turns(unsigned turns)
{
    __asm__ volatile("1: decl %0; jnz 1b" : "+r"(turns) : : "cc");
}

int main(int argc, char *argv[])
{
    if (argc != 3)
        usage("wakeups FROM TO");
    unsigned from = number_of(argv[1]), to = number_of(argv[2]);
    int late = 0;
    for (unsigned turns = from; turns < to; turns++) {
        sleep(1);
        wait_turns(turns);
        int before = sys_gettime();
        sleep(1);
        late += sys_gettime() - before > LATE_TICKS;
    }
    CHECK(late, 0, "late wake-ups");
    return pass();
}
