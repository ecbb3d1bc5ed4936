/* SPDX-License-Identifier: MIT */
/*
 * sleeper - a sleep lasts at least the requested ticks and little more, and sleepers wake in the order
 * of their wake-up times, whatever the order in which they began.
 */
#include "check.h"

enum { LATE_TICKS = 2, APART_TICKS = 8 };

static void check_length(unsigned ticks)
{
    unsigned before = (unsigned)sys_gettime();
    CHECK(sleep(ticks), 0, "sleep(%u)", ticks);
    int slept = (int)((unsigned)sys_gettime() - before); /* gettime() wraps */
    CHECK(slept >= (int)ticks, true, "sleep(%u) was long enough", ticks);
    CHECK(slept <= (int)ticks + LATE_TICKS, true, "sleep(%u) was short enough", ticks);
}

int main(void)
{
    static const int places[] = {4, 1, 5, 2, 3};
    struct {
        int count;
        int place[ARRAY_SIZE(places)];
    } *awake = map_pages(PAGE_SIZE, MAP_SHARED);

    for (unsigned ticks = 0; ticks < 4; ticks++)
        check_length(ticks);
    check_length(20);

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        int pid = fork();
        if (pid == 0) {
            sleep((unsigned)places[i] * APART_TICKS);
            awake->place[__atomic_fetch_add(&awake->count, 1, __ATOMIC_SEQ_CST)] = places[i];
            exit(0);
        }
        assert(pid > 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        assert(wait() == 0);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        CHECK(awake->place[i], (int)i + 1, "sleeper number %zu to wake", i + 1);
    return pass();
}
