/*
 * unit - a small framework for tests that run on the host.
 *
 *     TEST(list_is_empty_at_first)
 *     {
 *         CHECK(list_empty(&head));
 *         CHECK_EQ(list_length(&head), 0);
 *     }
 *
 * A test registers itself. The first check that fails ends it, in whatever function that is, and
 * says where, what was expected and the values; a panic() or failed ASSERT() of the kernel's ends
 * it too. One program is one subject; it prints flat TAP (testanything.org 14), which Meson reads.
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

/* Whether the expression is what it should be; the test ends here when not. */
void unit_check(bool ok, const char *file, int line, const char *text);
void unit_check_eq(intmax_t a, intmax_t b, const char *file, int line, const char *text);
void unit_check_str_eq(const char *a, const char *b, const char *file, int line, const char *text);

/* Random numbers; the same ones in each run, whichever tests run before. unit_below(n) is in [0, n). */
uint64_t unit_random(void);
unsigned unit_below(unsigned n);

/* Whether the statement panics, and prints `words` on its way. It runs in a copy of the program, which
 * then ends: what it breaks stays there. */
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

/* Whether this is the copy: what the kernel prints there shall go to stdout. */
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
