/* SPDX-License-Identifier: MIT */
/*
 * string.c and mem.c: every alignment, overlap and boundary. The sanitizer reports a byte too far, and the
 * bytes around a destination are compared too.
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#include "rename.h"

#include "lib/string.h"

#define ARENA 80
#define MAX_OFFSET 20
#define MAX_LENGTH 40

static unsigned char arena[ARENA], expected[ARENA];

static void fill(void)
{
    for (int i = 0; i < ARENA; i++)
        arena[i] = expected[i] = (unsigned char)(i * 7 + 1);
}

static void expect_bytes(void)
{
    for (int i = 0; i < ARENA; i++)
        CHECK_EQ(arena[i], expected[i]);
}

TEST(memcpy_at_all_alignments)
{
    unsigned char source[ARENA];

    for (int i = 0; i < ARENA; i++)
        source[i] = (unsigned char)(200 - i);
    for (int to = 0; to < 8; to++) {
        for (int from = 0; from < 8; from++) {
            for (int n = 0; n <= MAX_LENGTH; n++) {
                fill();
                for (int i = 0; i < n; i++)
                    expected[to + i] = source[from + i];
                CHECK_EQ(memcpy(arena + to, source + from, (size_t)n), arena + to);
                expect_bytes();
            }
        }
    }
}

TEST(memmove_with_all_overlaps)
{
    for (int to = 0; to < MAX_OFFSET; to++) {
        for (int from = 0; from < MAX_OFFSET; from++) {
            for (int n = 0; n <= MAX_LENGTH; n++) {
                fill();
                for (int i = 0; i < n; i++)
                    expected[to + i] = arena[from + i];
                CHECK_EQ(memmove(arena + to, arena + from, (size_t)n), arena + to);
                expect_bytes();
            }
        }
    }
}

TEST(memset_at_all_alignments)
{
    for (int to = 0; to < 8; to++) {
        for (int n = 0; n <= MAX_LENGTH; n++) {
            fill();
            for (int i = 0; i < n; i++)
                expected[to + i] = 0xa5;
            CHECK_EQ(memset(arena + to, 0x7a5, (size_t)n), arena + to); /* only the low byte is used */
            expect_bytes();
        }
    }
}

TEST(memcmp_orders_by_unsigned_bytes)
{
    CHECK_EQ(memcmp("abc", "abd", 2), 0);
    CHECK_EQ(memcmp("a", "b", 0), 0);
    CHECK(memcmp("abc", "abd", 3) < 0);
    CHECK(memcmp("\x80", "\x7f", 1) > 0);
    CHECK(memcmp("a\0c", "a\0b", 3) > 0);
}

TEST(strlen_and_strnlen_count_up_to_the_nul)
{
    char *unterminated = malloc(3);

    memset(unterminated, 'x', 3);
    CHECK_EQ(strlen(""), 0);
    CHECK_EQ(strlen("four"), 4);
    CHECK_EQ(strnlen("four", 9), 4);
    CHECK_EQ(strnlen("four", 4), 4);
    CHECK_EQ(strnlen("four", 2), 2);
    CHECK_EQ(strnlen(unterminated, 3), 3);
    CHECK_EQ(strnlen(unterminated, 0), 0);
    free(unterminated);
}

TEST(strcmp_orders_by_unsigned_bytes)
{
    CHECK_EQ(strcmp("", ""), 0);
    CHECK_EQ(strcmp("same", "same"), 0);
    CHECK(strcmp("ab", "abc") < 0);
    CHECK(strcmp("abc", "ab") > 0);
    CHECK(strcmp("\xff", "a") > 0);
}

TEST(strncmp_stops_at_the_limit_and_the_nul)
{
    CHECK_EQ(strncmp("abX", "abY", 2), 0);
    CHECK(strncmp("abX", "abY", 3) < 0);
    CHECK_EQ(strncmp("a", "b", 0), 0);
    CHECK_EQ(strncmp("ab\0X", "ab\0Y", 4), 0);
    CHECK(strncmp("\xff", "a", 1) > 0);
}

TEST(strchr_finds_the_first_and_the_nul)
{
    const char *s = "banana";

    CHECK_EQ(strchr(s, 'n'), s + 2);
    CHECK_EQ(strchr(s, 'x'), NULL);
    CHECK_EQ(strchr(s, '\0'), s + 6);
    CHECK_EQ(strchr("\xe9", 0xe9) != NULL, true);
}

TEST(strlcpy_cuts_and_terminates)
{
    char buf[5] = "####";

    CHECK_EQ(strlcpy(buf, "text", 0), 4);
    CHECK_STR_EQ(buf, "####");
    CHECK_EQ(strlcpy(buf, "text", 1), 4);
    CHECK_STR_EQ(buf, "");
    CHECK_EQ(buf[1], '#');
    CHECK_EQ(strlcpy(buf, "text", 4), 4);
    CHECK_STR_EQ(buf, "tex");
    CHECK_EQ(strlcpy(buf, "text", 5), 4);
    CHECK_STR_EQ(buf, "text");
    CHECK_EQ(strlcpy(buf, "", 5), 0);
    CHECK_STR_EQ(buf, "");
}
