/* SPDX-License-Identifier: MIT */
/*
 * assert - what we promise ourselves.
 *
 * ASSERT states what only a mistake of ours can break; nothing that a program, a full memory or
 * a broken disk can do reaches one. Its expression has no side effects: without debug_checks it
 * is compiled, and thrown away. RULE is the same with words of its own and another status: for what
 * the whole kernel keeps to, with locks, lists and lifetimes. panic() is for what cannot be gone on
 * from, in every build.
 */
#ifndef WATCH_ASSERT_H
#define WATCH_ASSERT_H

#include "config.h"

/* Two calls of panic() never become one: each has its own line. */
#if __has_attribute(nomerge)
#define PANIC_CALLS __attribute__((noinline, nomerge))
#else
#define PANIC_CALLS __attribute__((noinline))
#endif

/* Print where and why, the current process, its trap frame, the stack and the last events of the
 * trace; then power off with status 37. Allocates nothing, may be called from anywhere. */
_Noreturn void panic(const char *format, ...) PANIC_CALLS __attribute__((format(printf, 1, 2)));

/* A rule of the kernel was broken: the same report under the name of a failed check, status 39. */
_Noreturn void rule_broken(const char *format, ...) PANIC_CALLS __attribute__((format(printf, 1, 2)));

/* The same in two halves, for a report of many lines: the first line, then the caller's own by kprintf()
 * and backtrace_print_site(), then everything else and the end. */
void rule_begin(const char *format, ...) PANIC_CALLS __attribute__((format(printf, 1, 2)));
_Noreturn void rule_end(void) PANIC_CALLS;

/* A rule that checking builds watch: RULE(condition, "what is wrong when it does not hold", ...). */
#define RULE(condition, ...)                     \
    do {                                         \
        if (CONFIG_DEBUG_CHECKS && !(condition)) \
            rule_broken(__VA_ARGS__);            \
    } while (0)

#define ASSERT(condition)                              \
    do {                                               \
        if (CONFIG_DEBUG_CHECKS && !(condition))       \
            panic("assertion failed: %s", #condition); \
    } while (0)

#endif
