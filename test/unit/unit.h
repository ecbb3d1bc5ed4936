/* SPDX-License-Identifier: MIT */
/*
 * unit - a small framework for tests that run on the host.
 *
 *     TEST(list_is_empty_at_first)
 *     {
 *         CHECK(list_empty(&head));
 *         CHECK_EQ(list_length(&head), 0);
 *     }
 *
 * A test registers itself. The first failed check, in whatever function, ends the test and prints its place,
 * the expectation and the values; a panic() or failed ASSERT() of the kernel ends it too. The next test runs
 * in a fresh process then. A program tests one subject and prints flat TAP (testanything.org 14), which Meson
 * reads.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

void unit_register(struct unit_test *test);

/* End the test as failed unless the check holds. For the macros below. */
void unit_check(bool ok, const char *file, int line, const char *text);
void unit_check_eq(intmax_t a, intmax_t b, const char *file, int line, const char *text);
void unit_check_str_eq(const char *a, const char *b, const char *file, int line, const char *text);

/* Random numbers, the same in each run, whichever tests ran before. unit_below(n) is in [0, n). */
uint64_t unit_random(void);
unsigned unit_below(unsigned n);

/* Returns whether the statement panics and prints `words`. It runs in a forked copy of the program that then
 * exits, so it cannot damage the original. */
#define PANICS(words, statement)   \
    ({                             \
        if (unit_copy()) {         \
            statement;             \
            unit_copy_survived();  \
        }                          \
        unit_copy_panicked(words); \
    })

/* True in the copy, false in the original. For PANICS(). */
bool unit_copy(void);
_Noreturn void unit_copy_survived(void);
bool unit_copy_panicked(const char *words);

/* Whether this is the copy, where the kernel's output must go to stdout. */
extern bool unit_in_copy;

#define TEST(name)                                                 \
    static void name(void);                                        \
    __attribute__((constructor)) static void name##_register(void) \
    {                                                              \
        static struct unit_test test = {#name, name, NULL};        \
        unit_register(&test);                                      \
    }                                                              \
    static void name(void)

#define CHECK(condition) unit_check(condition, __FILE__, __LINE__, #condition)
/* Numbers or pointers. */
#define CHECK_EQ(a, b) unit_check_eq((intmax_t)(a), (intmax_t)(b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_STR_EQ(a, b) unit_check_str_eq(a, b, __FILE__, __LINE__, #a " == " #b)

#endif
