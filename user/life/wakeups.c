/* SPDX-License-Identifier: MIT */
/*
 * wakeups - goes to sleep while the tick that shall wake it arrives, at each step of the way: no
 * wake-up is lost between the decision to sleep and the sleep (D50).
 *
 * After a sleep the next tick is one whole tick away. So a wait that takes almost that long, a little
 * longer in each round, moves the next sleep across the tick, two instructions at a time.
 *
 * `wakeups FROM TO` are the lengths of the wait, in turns of its loop.
 */
#include "check.h"

enum { LATE_TICKS = 2 };

/* Two instructions a turn. */
static void wait_turns(unsigned turns)
{
    __asm__ volatile("1: decl %0; jnz 1b" : "+r"(turns) : : "cc");
}

int main(int argc, char *argv[])
{
    assert(argc == 3);
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
