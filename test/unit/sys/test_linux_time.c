/* SPDX-License-Identifier: MIT */
/*
 * linux_time.c: all clocks are the ticks since boot, and a sleep takes at least as long as was asked for.
 */
#include <ucow/abi.h>
#include <ucow/errno.h>

#include "host_user.h"
#include "journal.h"
#include "proc/sleep.h"

#define LONG_AGO 123456789012345ull /* ticks */

struct time32 {
    int32_t sec, nsec;
};
struct time64 {
    int64_t sec;
    int32_t nsec, pad;
};

static uint64_t ticks;
static int32_t result;

uint64_t timer_ticks(void)
{
    return ticks;
}

int32_t linux_error(int32_t error)
{
    return error == 0 ? 0 : -LINUX_EINTR;
}

int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    CHECK(b == 0 && c == 0 && d == 0);
    note("%s %u", nr == NR_sleep ? "sleep" : nr == NR_yield ? "yield" : "?", a);
    return result;
}

static void start(uint64_t now)
{
    ticks = now;
    result = 0;
    journal_clear();
}

TEST(clocks_are_the_time_since_boot)
{
    static const struct {
        uint64_t ticks;
        int64_t sec;
        int32_t nsec;
    } times[] = {{0, 0, 0},
                 {1, 0, 10000000},
                 {99, 0, 990000000},
                 {100, 1, 0},
                 {12345, 123, 450000000},
                 {6553600, 65536, 0},
                 {429496729599, 4294967295, 990000000},
                 {LONG_AGO, 1234567890123, 450000000},
                 {UINT64_MAX, 184467440737095516, 150000000}};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct time32 narrow;
        struct time64 wide;
        start(times[i].ticks);
        for (int clock = 0; clock <= 7; clock++) {
            memset(&narrow, 0x99, sizeof(narrow));
            memset(&wide, 0x99, sizeof(wide));
            CHECK_EQ(linux_clock_gettime(clock, user(&narrow)), 0);
            CHECK(narrow.sec == (int32_t)times[i].sec && narrow.nsec == times[i].nsec);
            CHECK_EQ(linux_clock_gettime64(clock, user(&wide)), 0);
            CHECK(wide.sec == times[i].sec && wide.nsec == times[i].nsec && wide.pad == 0);
        }
        uint32_t zone[2] = {9, 9};
        CHECK_EQ(linux_gettimeofday(user(&narrow), user(zone)), 0);
        CHECK(narrow.sec == (int32_t)times[i].sec && narrow.nsec == times[i].nsec / 1000);
        CHECK(zone[0] == 0 && zone[1] == 0);
        int32_t seconds = 9;
        CHECK_EQ(linux_time(user(&seconds)), (int32_t)times[i].sec);
        CHECK_EQ(seconds, (int32_t)times[i].sec);
        CHECK_EQ(linux_time(NOWHERE), (int32_t)times[i].sec);
    }
}

TEST(a_clock_that_is_none_or_a_bad_address)
{
    struct time32 time;
    uint32_t zone[2] = {9, 9};
    start(100);
    for (int clock = -1; clock <= 8; clock += 9) {
        CHECK_EQ(linux_clock_gettime(clock, user(&time)), -LINUX_EINVAL);
        CHECK_EQ(linux_clock_gettime64(clock, user(&time)), -LINUX_EINVAL);
        CHECK_EQ(linux_clock_getres(clock, NOWHERE), -LINUX_EINVAL);
        CHECK_EQ(linux_clock_nanosleep(clock, 0, BAD, NOWHERE), -LINUX_EINVAL);
        CHECK_EQ(linux_clock_nanosleep_time64(clock, 0, BAD, NOWHERE), -LINUX_EINVAL);
    }
    CHECK_EQ(linux_clock_gettime(0, BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_clock_gettime64(0, BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_clock_getres(0, BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_time(BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_gettimeofday(BAD, user(zone)), -LINUX_EFAULT);
    CHECK_EQ(zone[0], 9);
    CHECK_EQ(linux_gettimeofday(user(&time), BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_gettimeofday(NOWHERE, NOWHERE), 0);
    CHECK_EQ(linux_nanosleep(BAD, NOWHERE), -LINUX_EFAULT);
    CHECK_EQ(linux_clock_nanosleep_time64(0, 0, BAD, NOWHERE), -LINUX_EFAULT);
    CHECK_STR_EQ(journal, "");
}

TEST(the_resolution_is_a_tick)
{
    struct time32 narrow = {9, 9};
    struct time64 wide = {9, 9, 9};
    CHECK_EQ(linux_clock_getres(7, user(&narrow)), 0);
    CHECK(narrow.sec == 0 && narrow.nsec == 10000000);
    CHECK_EQ(linux_clock_getres_time64(0, user(&wide)), 0);
    CHECK(wide.sec == 0 && wide.nsec == 10000000);
    CHECK_EQ(linux_clock_getres(1, NOWHERE), 0);
}

static int32_t sleep32(int32_t sec, int32_t nsec)
{
    const struct time32 time = {sec, nsec};
    return linux_nanosleep(user(&time), BAD);
}

static int32_t until64(int64_t sec, int32_t nsec)
{
    const struct time64 time = {sec, nsec, -1}; /* the upper half of nanoseconds is ignored */
    return linux_clock_nanosleep_time64(1, LINUX_TIMER_ABSTIME, user(&time), BAD);
}

TEST(a_sleep_is_a_tick_longer)
{
    start(100);
    CHECK_EQ(sleep32(0, 0), 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(sleep32(0, 1), 0);
    CHECK_EQ(sleep32(0, 10000000), 0);
    CHECK_EQ(sleep32(0, 10000001), 0);
    CHECK_EQ(sleep32(2, 999999999), 0);
    CHECK_EQ(sleep32(1, 0), 0);
    CHECK_STEPS("sleep 2", "sleep 2", "sleep 3", "sleep 301", "sleep 101");
    const struct time32 time = {1, 0};
    CHECK_EQ(linux_clock_nanosleep(0, 2, user(&time), BAD), 0); /* not a flag that means anything */
    CHECK_EQ(linux_clock_nanosleep(0, 3, user(&time), BAD), 0);
    CHECK_STEPS("sleep 101");
}

TEST(a_sleep_until_a_time_is_not)
{
    start(150);
    CHECK_EQ(until64(1, 500000000), 0);
    CHECK_EQ(until64(0, 0), 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(until64(1, 500000001), 0);
    CHECK_EQ(until64(2, 0), 0);
    CHECK_STEPS("sleep 1", "sleep 50");
}

TEST(a_very_long_sleep_is_in_parts)
{
    start(0);
    CHECK_EQ(until64(0x40000000ll / 100 + 1, 0), 0);
    CHECK_STEPS("sleep 1073741824", "sleep 76");
    CHECK_EQ(until64(0x40000000ll / 100, 240000000), 0);
    CHECK_STEPS("sleep 1073741824");
    result = -E_KILLED;
    CHECK_EQ(until64(INT64_MAX, 0), -LINUX_EINTR);
    CHECK_STEPS("sleep 1073741824");
}

TEST(a_pause_ends_with_the_process)
{
    start(100);
    result = -E_KILLED;
    CHECK_EQ(linux_pause(), -LINUX_EINTR);
    CHECK_STEPS("sleep 1073741824");
}

TEST(a_time_that_is_none)
{
    start(0);
    CHECK_EQ(sleep32(-1, 0), -LINUX_EINVAL);
    CHECK_EQ(sleep32(0, -1), -LINUX_EINVAL);
    CHECK_EQ(sleep32(0, 1000000000), -LINUX_EINVAL);
    CHECK_EQ(until64(-1, 0), -LINUX_EINVAL);
    CHECK_EQ(until64(1, -1), -LINUX_EINVAL);
    CHECK_EQ(until64(1, 1000000000), -LINUX_EINVAL);
    CHECK_STR_EQ(journal, "");
}

TEST(a_limit_is_read_as_a_sleep_is)
{
    const struct time32 narrow = {3, 0};
    const struct time64 wide = {0x100000001ll, 0, 0}, never = {INT64_MAX, 999999999, 0};
    uint64_t limit = 9;
    start(100);
    CHECK_EQ(linux_get_ticks(&limit, user(&narrow), false, false), 0);
    CHECK_EQ(limit, 301);
    CHECK_EQ(linux_get_ticks(&limit, user(&narrow), true, false), 0);
    CHECK_EQ(limit, 200);
    CHECK_EQ(linux_get_ticks(&limit, user(&wide), true, true), 0);
    CHECK_EQ(limit, 429496729600);
    CHECK_EQ(linux_get_ticks(&limit, user(&never), false, true), 0);
    CHECK(limit > UINT64_MAX / 5 && limit < UINT64_MAX / 3);
    limit = 9;
    CHECK_EQ(linux_get_ticks(&limit, BAD, false, false), -LINUX_EFAULT);
    CHECK_EQ(limit, 9);
}

TEST(yield_is_ucows)
{
    start(0);
    result = 0;
    CHECK_EQ(linux_sched_yield(), 0);
    CHECK_STEPS("yield 0");
}
