/* SPDX-License-Identifier: MIT */
/*
 * printf: compared with the C library's where ISO C defines the result, else with given text.
 * D59: `%-5d` padded with dashes, %e of INT_MIN read out of bounds, codes had no text.
 */
#include "unit.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int libc_snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int count;

    va_start(args, fmt);
    count = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return count;
}

#include "rename.h"

#include "lib/printf.h"
#include "lib/string.h"
#include <ucow/errno.h>

static char ours[256], theirs[256];

/* The text of vsnprintf(), without the compiler's checks, which do not know %e. */
static const char *text(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(ours, sizeof(ours), fmt, args);
    va_end(args);
    return ours;
}

/* The length of the text, which is not written. */
static int length(const char *fmt, ...)
{
    va_list args;
    int count;

    va_start(args, fmt);
    count = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    return count;
}

/* Check that text and length are those of the C library. */
#define SAME(...)                                                             \
    do {                                                                      \
        int count_ = snprintf(ours, sizeof(ours), __VA_ARGS__);               \
                                                                              \
        CHECK_EQ(count_, libc_snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
        CHECK_STR_EQ(ours, theirs);                                           \
    } while (0)

TEST(plain_text_and_percent)
{
    CHECK_STR_EQ(text(""), "");
    CHECK_STR_EQ(text("no conversion\n"), "no conversion\n");
    CHECK_STR_EQ(text("100%%!"), "100%!");
}

TEST(numbers_at_their_limits)
{
    SAME("%d %d %d %i", 0, INT_MAX, INT_MIN, -1);
    SAME("%u %x %X %o", UINT_MAX, UINT_MAX, 0xabcdefu, UINT_MAX);
    SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
    SAME("%lld %lld %llu %llx %llo", LLONG_MIN, LLONG_MAX, ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
    SAME("%zu %zd", SIZE_MAX, (ptrdiff_t)-1);
    SAME("%hd %hu %hhd %hhu %hhx", (short)SHRT_MIN, (unsigned short)USHRT_MAX, (signed char)SCHAR_MIN,
         (unsigned char)UCHAR_MAX, (unsigned char)0x80);
    SAME("%llu %llu", 1ULL << 32, (1ULL << 32) - 1);
}

/* Any flags, width, precision and size with any value, also values too wide for the size. */
TEST(numbers_in_random_formats)
{
    static const char *const flags[] = {"", "-", "0", "-0", "0-"};
    static const char *const sizes[] = {"hh", "h", "", "l", "ll", "z"};
    char fmt[32];

    for (int round = 0; round < 50000; round++) {
        const char *size = sizes[unit_below(6)];
        uint64_t value = unit_random() >> unit_below(64);
        int len = libc_snprintf(fmt, sizeof(fmt), "<%%%s", flags[unit_below(5)]);

        if (unit_below(2))
            len += libc_snprintf(fmt + len, sizeof(fmt), "%u", 1 + unit_below(30));
        if (unit_below(2))
            len += libc_snprintf(fmt + len, sizeof(fmt), ".%u", unit_below(30));
        libc_snprintf(fmt + len, sizeof(fmt), "%s%c>", size, "diuxXo"[unit_below(6)]);
        if (unit_below(8) == 0)
            value = 0;
        if (size[0] == 'l' || size[0] == 'z')
            SAME(fmt, value);
        else
            SAME(fmt, (unsigned)value);
    }
}

TEST(D59_minus_pads_with_blanks_on_the_right)
{
    CHECK_STR_EQ(text("[%-5d]", 42), "[42   ]");
    CHECK_STR_EQ(text("[%-5d]", -42), "[-42  ]");
    CHECK_STR_EQ(text("[%-5s]", "ab"), "[ab   ]");
    CHECK_STR_EQ(text("[%-3c]", 'x'), "[x  ]");
}

TEST(strings_and_characters)
{
    const char unterminated[] = {'a', 'b', 'c'};

    SAME("[%s] [%5s] [%-5s] [%2s]", "abc", "abc", "abc", "abc");
    SAME("[%.2s] [%.0s] [%5.1s] [%-5.1s]", "abc", "abc", "abc", "abc");
    SAME("[%.3s]", unterminated);
    SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
    CHECK_STR_EQ(text("[%s] [%8s]", NULL, NULL), "[(null)] [  (null)]");
    CHECK_EQ(snprintf(ours, sizeof(ours), "a%cb", 0), 3);
    CHECK_EQ(memcmp(ours, "a\0b", 4), 0);
}

TEST(stars_take_width_and_precision_from_the_arguments)
{
    SAME("[%*d] [%*d] [%-*d]", 6, 42, -6, 42, 6, 42);
    SAME("[%.*d] [%.*d] [%*.*d]", 4, 42, -1, 42, 8, 4, 42);
    SAME("[%.*s] [%.*s]", 2, "abc", -1, "abc");
}

/* No sum overflows, and nothing is written without room. */
TEST(huge_widths_are_limited)
{
    CHECK_EQ(length("%*d", INT_MIN, 1), 0xffffff);
    CHECK_EQ(length("%.*d", INT_MAX, -1), 0xffffff + 1);
    CHECK_EQ(length("%99999999999s", ""), 0xffffff);
}

TEST(a_pointer_has_all_its_digits)
{
    CHECK_EQ(sizeof(void *), 8);
    CHECK_STR_EQ(text("%p", (void *)0xb0de), "0x000000000000b0de");
    CHECK_STR_EQ(text("[%p]", NULL), "[0x0000000000000000]");
    CHECK_STR_EQ(text("[%-20p]", NULL), "[0x0000000000000000  ]");
}

TEST(D59_each_error_number_has_its_text)
{
#define X(name, number, words)                \
    CHECK_STR_EQ(text("%e", number), words);  \
    CHECK_STR_EQ(text("%e", -number), words); \
    CHECK_STR_EQ(error_text(-number), words);
    UCOW_ERRORS(X)
#undef X
    CHECK_STR_EQ(text("[%15e] [%-15e]", -E_NO_MEM, E_NO_MEM), "[  out of memory] [out of memory  ]");
}

TEST(D59_other_numbers_have_no_text_and_read_nothing)
{
    CHECK_STR_EQ(text("%e %e", 0, E_LAST + 1), "error 0 error 25");
    CHECK_STR_EQ(text("%e %e", -E_LAST - 1, INT_MAX), "error -25 error 2147483647");
    CHECK_STR_EQ(text("%e %e", INT_MIN, INT_MIN + 1), "error -2147483648 error -2147483647");
    CHECK_STR_EQ(error_text(INT_MIN), "unknown error");
    CHECK_STR_EQ(error_text(0), "unknown error");
}

TEST(unknown_conversions_are_printed_unchanged)
{
    CHECK_STR_EQ(text("a%yb"), "a%yb");
    CHECK_STR_EQ(text("a%-08ly%d", 5), "a%-08ly5");
    CHECK_STR_EQ(text("50%"), "50%");
    CHECK_STR_EQ(text("%-5l"), "%-5l");
}

TEST(a_buffer_is_never_overrun)
{
    const char whole[] = "pid 12345";

    for (size_t size = 0; size <= sizeof(whole) + 2; size++) {
        memset(ours, '#', sizeof(ours));
        memset(theirs, '#', sizeof(theirs));
        CHECK_EQ(snprintf(ours, size, "pid %d", 12345), sizeof(whole) - 1);
        libc_snprintf(theirs, size, "%s", whole);
        CHECK_EQ(memcmp(ours, theirs, sizeof(ours)), 0);
    }
}
