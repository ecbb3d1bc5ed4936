/* SPDX-License-Identifier: MIT */
/*
 * bitmap.h: the search against a bit-by-bit one, for every size up to a few words and every start.
 */
#include "lib/bitmap.h"
#include "unit.h"
#include <string.h>

#define MAX_BITS 100u

static uint32_t bits[BITMAP_WORDS(MAX_BITS)];

static unsigned plain_find_clear(unsigned nbits, unsigned start)
{
    for (unsigned i = start; i < nbits; i++) {
        if (!bitmap_test(bits, i))
            return i;
    }
    for (unsigned i = 0; i < start && i < nbits; i++) {
        if (!bitmap_test(bits, i))
            return i;
    }
    return nbits;
}

static void check_all_starts(unsigned nbits)
{
    for (unsigned start = 0; start <= nbits + 33; start++)
        CHECK_EQ(bitmap_find_clear(bits, nbits, start), plain_find_clear(nbits, start));
}

TEST(a_bit_is_set_and_cleared_alone)
{
    memset(bits, 0, sizeof(bits));
    for (unsigned n = 0; n < MAX_BITS; n++) {
        bitmap_set(bits, n);
        for (unsigned i = 0; i < MAX_BITS; i++)
            CHECK_EQ(bitmap_test(bits, i), i == n);
        bitmap_clear(bits, n);
        CHECK(!bitmap_test(bits, n));
    }
}

/* Bits after the last must not matter: once they are clear, once the next is set. */
TEST(a_full_map_has_no_clear_bit)
{
    memset(bits, 0, sizeof(bits));
    for (unsigned nbits = 0; nbits < MAX_BITS; nbits++) {
        for (unsigned start = 0; start <= nbits; start++)
            CHECK_EQ(bitmap_find_clear(bits, nbits, start), nbits);
        bitmap_set(bits, nbits);
        CHECK_EQ(bitmap_find_clear(bits, nbits, nbits / 2), nbits);
    }
}

/* Pids and slots have maps of many thousands of bits: one beyond what 8 or 16 bits can number is found. */
TEST(a_large_map_is_searched_to_its_end)
{
    enum { BITS = 70000 };
    static uint32_t large[BITMAP_WORDS(BITS)];
    static const unsigned holes[] = {0, 31, 255, 256, 257, 65535, 65536, 65537, BITS - 1};
    memset(large, 0xff, sizeof(large));
    CHECK_EQ(bitmap_find_clear(large, BITS, BITS / 2), BITS);
    for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        bitmap_clear(large, holes[i]);
        CHECK_EQ(bitmap_find_clear(large, BITS, 0), holes[i]);
        CHECK_EQ(bitmap_find_clear(large, BITS, holes[i] + 1), holes[i]);
        CHECK_EQ(bitmap_find_clear(large, BITS, BITS), holes[i]);
        bitmap_set(large, holes[i]);
    }
}

TEST(the_only_clear_bit_is_found_from_everywhere)
{
    memset(bits, 0xff, sizeof(bits));
    for (unsigned hole = 0; hole < MAX_BITS; hole++) {
        bitmap_clear(bits, hole);
        for (unsigned start = 0; start < MAX_BITS; start++)
            CHECK_EQ(bitmap_find_clear(bits, MAX_BITS, start), hole);
        bitmap_set(bits, hole);
    }
}

TEST(the_search_agrees_with_a_bit_by_bit_one)
{
    for (int round = 0; round < 300; round++) {
        unsigned nbits = 1 + unit_below(MAX_BITS);
        unsigned density = unit_below(101);

        memset(bits, unit_below(2) ? 0xff : 0, sizeof(bits));
        for (unsigned n = 0; n < nbits; n++) {
            bitmap_clear(bits, n);
            if (unit_below(100) < density)
                bitmap_set(bits, n);
        }
        check_all_starts(nbits);
    }
}

/* No word after the last may be read: the sanitizer would report it. */
TEST(no_word_after_the_map_is_read)
{
    uint32_t one = UINT32_MAX;

    CHECK_EQ(bitmap_find_clear(&one, 32, 31), 32);
    CHECK_EQ(bitmap_find_clear(&one, 32, 32), 32);
}
