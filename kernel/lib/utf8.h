/* SPDX-License-Identifier: MIT */
/*
 * utf8 - the characters of a text in UTF-8, for the terminal and for programs that edit lines.
 *
 * A byte that is not part of a valid sequence counts as a character of its own.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the bytes of the sequence that begins with `lead`, 1 to 4; 1 if no sequence begins with it. */
size_t utf8_sequence_bytes(char lead);

/* Whether `byte` continues a sequence. */
static inline bool utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Returns the bytes of the first character of text[0..n), of the last one; n > 0. */
size_t utf8_first_bytes(const char *text, size_t n);
size_t utf8_last_bytes(const char *text, size_t n);

/* Returns the code point of the character of `n` bytes at `text`. */
uint32_t utf8_code_point(const char *text, size_t n);

/* Returns the columns that the character of `n` bytes at `text` takes on a terminal: 0 for a combining mark,
 * 2 for a wide character and for a control character, which is shown as ^X; otherwise 1. */
unsigned utf8_columns(const char *text, size_t n);

#endif
