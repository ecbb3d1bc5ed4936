/* SPDX-License-Identifier: MIT */
/*
 * bitmap - arrays of bits, 32 to a word.
 *
 * Bit n is bit n % 32 of word n / 32. The caller provides the words and the locking.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/util.h"
#include <stdbool.h>
#include <stdint.h>

#define BITMAP_WORD_BITS 32u
/* uint32_t bits[BITMAP_WORDS(n)] holds n bits. */
#define BITMAP_WORDS(nbits) (((nbits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline void bitmap_set(uint32_t *bits, unsigned n)
{
    bits[n / BITMAP_WORD_BITS] |= BIT(n % BITMAP_WORD_BITS);
}

static inline void bitmap_clear(uint32_t *bits, unsigned n)
{
    bits[n / BITMAP_WORD_BITS] &= ~BIT(n % BITMAP_WORD_BITS);
}

static inline bool bitmap_test(const uint32_t *bits, unsigned n)
{
    return bits[n / BITMAP_WORD_BITS] >> n % BITMAP_WORD_BITS & 1;
}

/* The first clear bit at or after `start`, or else the first from 0; `nbits` if all are set. Words without a
 * clear bit are skipped, so the cost is a few instructions while few bits are set. */
unsigned bitmap_find_clear(const uint32_t *bits, unsigned nbits, unsigned start);

#endif
