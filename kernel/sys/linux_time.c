/* SPDX-License-Identifier: MIT */
/*
 * linux_time - clocks and sleeping. All clocks are the time since boot, in ticks of 10 ms: the machine has no
 * other that a run would repeat.
 */
#include <ucow/abi.h>
#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/sleep.h"
#include "sys/linux.h"

#define NSEC_PER_SEC 1000000000
#define NSEC_PER_TICK (NSEC_PER_SEC / TICK_HZ)
#define SLEEP_AT_ONCE 0x40000000u /* ticks */

/* A time in 32-bit words or in 64-bit ones; Linux ignores the upper half of 64-bit nanoseconds on the i386.
 */
struct time32 {
    int32_t sec, nsec;
};
struct time64 {
    int64_t sec;
    int32_t nsec, pad;
};

/* The whole seconds of `ticks`, and the ticks that are left: long division by 16-bit digits, because clang
 * calls a function that we have not for a 64-bit one. */
static uint64_t seconds_of(uint64_t ticks, uint32_t *left)
{
    uint64_t seconds = 0;
    *left = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = (*left << 16) | (uint32_t)((ticks >> shift) & 0xFFFF);
        seconds |= (uint64_t)(part / TICK_HZ) << shift;
        *left = part % TICK_HZ;
    }
    return seconds;
}

static struct time64 now(void)
{
    uint32_t left;
    uint64_t seconds = seconds_of(timer_ticks(), &left);
    return (struct time64){.sec = (int64_t)seconds, .nsec = (int32_t)(left * NSEC_PER_TICK)};
}

static bool is_clock(int32_t clock)
{
    return clock >= LINUX_CLOCK_REALTIME && clock <= LINUX_CLOCK_BOOTTIME;
}

static int32_t put_time(struct uaddr to, const struct time64 *time, bool wide)
{
    const struct time32 narrow = {(int32_t)time->sec, time->nsec};
    return wide ? linux_put(to, time, sizeof(*time)) : linux_put(to, &narrow, sizeof(narrow));
}

static int32_t get_time(struct time64 *time, struct uaddr from, bool wide)
{
    struct time32 narrow;
    int32_t error;
    if (wide) {
        error = linux_get(time, from, sizeof(*time));
    } else {
        error = linux_get(&narrow, from, sizeof(narrow));
        *time = (struct time64){.sec = error == 0 ? narrow.sec : 0, .nsec = error == 0 ? narrow.nsec : 0};
    }
    if (error == 0 && (time->sec < 0 || time->nsec < 0 || time->nsec >= NSEC_PER_SEC))
        error = -LINUX_EINVAL;
    return error;
}

static int32_t get_clock(int32_t clock, struct uaddr to, bool wide)
{
    const struct time64 time = now();
    return is_clock(clock) ? put_time(to, &time, wide) : -LINUX_EINVAL;
}

static int32_t get_resolution(int32_t clock, struct uaddr to, bool wide)
{
    const struct time64 tick = {.nsec = NSEC_PER_TICK};
    if (!is_clock(clock))
        return -LINUX_EINVAL;
    return to.va == 0 ? 0 : put_time(to, &tick, wide);
}

/* How many ticks `time` takes, or those that are left until then if `absolute`. */
static uint64_t ticks_of(const struct time64 *time, bool absolute)
{
    uint64_t ticks = MIN((uint64_t)time->sec, UINT64_MAX / TICK_HZ / 4) * TICK_HZ;
    ticks += (uint32_t)(time->nsec + NSEC_PER_TICK - 1) / NSEC_PER_TICK;
    uint64_t since = timer_ticks();
    if (absolute)
        return ticks > since ? ticks - since : 0;
    return ticks > 0 ? ticks + 1 : 0; /* the tick in progress does not count */
}

int32_t linux_get_ticks(uint64_t *ticks, struct uaddr from, bool absolute, bool wide)
{
    struct time64 time;
    int32_t error = get_time(&time, from, wide);
    if (error == 0)
        *ticks = ticks_of(&time, absolute);
    return error;
}

/* Sleep for at least `time`, or until then if `absolute`. Returns 0; -EINTR if the caller was killed. */
static int32_t sleep_for(const struct time64 *time, bool absolute)
{
    uint64_t ticks = ticks_of(time, absolute);
    while (ticks > 0) {
        uint32_t part = (uint32_t)MIN(ticks, (uint64_t)SLEEP_AT_ONCE);
        int32_t error = linux_error(linux_ask(NR_sleep, part, 0, 0, 0));
        if (error != 0)
            return error;
        ticks -= part;
    }
    return 0;
}

static int32_t clock_sleep(int32_t clock, int32_t flags, struct uaddr from, bool wide)
{
    struct time64 time;
    if (!is_clock(clock))
        return -LINUX_EINVAL;
    int32_t error = get_time(&time, from, wide);
    return error != 0 ? error : sleep_for(&time, (flags & LINUX_TIMER_ABSTIME) != 0);
}

int32_t linux_nanosleep(struct uaddr time, struct uaddr rest)
{
    (void)rest; /* nothing interrupts a sleep but death */
    return clock_sleep(LINUX_CLOCK_MONOTONIC, 0, time, false);
}

int32_t linux_clock_nanosleep(int32_t clock, int32_t flags, struct uaddr time, struct uaddr rest)
{
    (void)rest;
    return clock_sleep(clock, flags, time, false);
}

int32_t linux_clock_nanosleep_time64(int32_t clock, int32_t flags, struct uaddr time, struct uaddr rest)
{
    (void)rest;
    return clock_sleep(clock, flags, time, true);
}

int32_t linux_clock_gettime(int32_t clock, struct uaddr to)
{
    return get_clock(clock, to, false);
}

int32_t linux_clock_gettime64(int32_t clock, struct uaddr to)
{
    return get_clock(clock, to, true);
}

int32_t linux_clock_getres(int32_t clock, struct uaddr to)
{
    return get_resolution(clock, to, false);
}

int32_t linux_clock_getres_time64(int32_t clock, struct uaddr to)
{
    return get_resolution(clock, to, true);
}

int32_t linux_gettimeofday(struct uaddr to, struct uaddr zone)
{
    const struct time64 time = now();
    const struct time32 micro = {(int32_t)time.sec, time.nsec / 1000};
    static const uint32_t utc[2];
    int32_t error = to.va != 0 ? linux_put(to, &micro, sizeof(micro)) : 0;
    return error == 0 && zone.va != 0 ? linux_put(zone, utc, sizeof(utc)) : error;
}

int32_t linux_time(struct uaddr to)
{
    const int32_t seconds = (int32_t)now().sec;
    int32_t error = to.va != 0 ? linux_put(to, &seconds, sizeof(seconds)) : 0;
    return error != 0 ? error : seconds;
}

int32_t linux_pause(void)
{
    const struct time64 forever = {.sec = INT64_MAX};
    return sleep_for(&forever, false);
}

int32_t linux_sched_yield(void)
{
    return linux_ask(NR_yield, 0, 0, 0, 0);
}
