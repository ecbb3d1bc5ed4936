/* SPDX-License-Identifier: MIT */
/*
 * bitmap - the search for a clear bit, a word at a time.
 */
#include "lib/bitmap.h"

/* The first clear bit in [from, to); `to` or above if there is none. */
static unsigned find_clear_between(const uint32_t *bits, unsigned from, unsigned to)
{
    uint32_t skip = BIT(from % BITMAP_WORD_BITS) - 1; /* in the first word, the bits below `from` */

    for (unsigned base = from - from % BITMAP_WORD_BITS; base < to; base += BITMAP_WORD_BITS) {
        uint32_t clear = ~(bits[base / BITMAP_WORD_BITS] | skip);

        if (clear != 0)
            return base + (unsigned)__builtin_ctz(clear);
        skip = 0;
    }
    return to;
}

unsigned bitmap_find_clear(const uint32_t *bits, unsigned nbits, unsigned start)
{
    unsigned found = find_clear_between(bits, start, nbits);

    if (found >= nbits)
        found = find_clear_between(bits, 0, nbits);
    return MIN(found, nbits);
}
