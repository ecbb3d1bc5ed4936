/* SPDX-License-Identifier: MIT */
/*
 * fuzz - helpers of the fuzzing programs: reproducible random numbers, and children with a time limit.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "check.h"

/* xorshift32 (Marsaglia, 2003); any state except 0. */
static uint32_t random_state = 1;

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static unsigned random_below(unsigned n)
{
    return (random32() >> 8) % n;
}

/* Start a sequence of numbers that depends on `seed` and `part`. */
static void random_start(uint32_t seed, uint32_t part)
{
    random_state = (seed * 2654435761u) ^ (part * 2246822519u) ^ 0x9e3779b9u;
    random_state += random_state == 0;
    for (int i = 0; i < 8; i++)
        random32();
}

/* Wait until child `pid` ends. Kills it after `patience` yields without a change of *progress. Stores what
 * procs() reports about it in *info. Returns true if it ended by itself. */
static bool watch(int pid, unsigned patience, const volatile unsigned *progress, struct proc_info *info)
{
    unsigned seen = *progress, waited = 0;
    bool by_itself = true;
    while ((*info = proc_of(pid)).state != ZOMBIE) {
        if (*progress != seen) {
            seen = *progress;
            waited = 0;
        } else if (waited++ == patience) {
            by_itself = kill(pid) == -E_KILLED;
        }
        yield();
    }
    assert(code_of(pid) == info->exit_code);
    return by_itself;
}

#endif
