/* SPDX-License-Identifier: MIT */
/*
 * assert - conditions that only a bug in the kernel can make false.
 *
 * Nothing that a program, a full memory or a broken disk can do reaches these. A condition has no side
 * effects: without debug_checks it is compiled and then removed. ASSERT is for a local condition and ends
 * the run as a panic; RULE is for the rules of the whole kernel (locks, lists, lifetimes), has a message of
 * its own, and ends the run as a failed check. panic() is for states that no build can continue from.
 * exercise_missing() and exercise_stop() are for what a hand-out of the course leaves to be written.
 */
#ifndef WATCH_ASSERT_H
#define WATCH_ASSERT_H

#include <stdbool.h>

#include "config.h"

/* The compiler never merges two calls: each has its own line in a report. */
#if __has_attribute(nomerge)
#define PANIC_CALLS __attribute__((noinline, nomerge))
#else
#define PANIC_CALLS __attribute__((noinline))
#endif

/* Print the message and the caller's place, the current process, the backtrace and the last trace events;
 * power off with status 37. Allocates nothing; may be called in any context. */
_Noreturn void panic(const char *format, ...) PANIC_CALLS __attribute__((format(printf, 1, 2)));

/* The same as "kernel check failed: MESSAGE", with status 39. */
_Noreturn void check_failed(const char *format, ...) PANIC_CALLS __attribute__((format(printf, 1, 2)));

/* Print "exercise: WHICH is not written yet". Returns -E_UNIMP. May be called in any context. */
int exercise_missing(const char *which);

/* Whether any was missing so far. */
bool exercises_missing(void);

/* The same for a function that cannot return an error: power off with status 35. */
_Noreturn void exercise_stop(const char *which);

#define RULE(condition, ...)                     \
    do {                                         \
        if (CONFIG_DEBUG_CHECKS && !(condition)) \
            check_failed(__VA_ARGS__);           \
    } while (0)

#define ASSERT(condition)                              \
    do {                                               \
        if (CONFIG_DEBUG_CHECKS && !(condition))       \
            panic("assertion failed: %s", #condition); \
    } while (0)

/* Whether a structure passes its checker; checking builds only, true otherwise. */
#define CHECK_OK(condition) (!CONFIG_DEBUG_CHECKS || (condition))

#endif
