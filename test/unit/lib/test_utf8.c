/* SPDX-License-Identifier: MIT */
/*
 * utf8.c: what is a character, which number it has, and how wide it is.
 */
#include "lib/utf8.h"

#include <string.h>

#include "lib/util.h"
#include "unit.h"

static size_t first(const char *text)
{
    return utf8_first_bytes(text, strlen(text));
}

static size_t last(const char *text)
{
    return utf8_last_bytes(text, strlen(text));
}

static unsigned columns(const char *text)
{
    return utf8_columns(text, strlen(text));
}

TEST(the_first_byte_says_how_many_there_are)
{
    static const struct {
        unsigned char lead;
        size_t bytes;
    } leads[] = {
        {0x00, 1}, {0x7F, 1}, {0x80, 1}, {0xC1, 1}, {0xC2, 2}, {0xDF, 2},
        {0xE0, 3}, {0xEF, 3}, {0xF0, 4}, {0xF4, 4}, {0xF5, 1}, {0xFF, 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
        CHECK_EQ(utf8_sequence_bytes((char)leads[i].lead), leads[i].bytes);
}

TEST(the_first_and_the_last_character)
{
    CHECK_EQ(first("a\u00e9"), 1);
    CHECK_EQ(last("a\u00e9"), 2);
    CHECK_EQ(first("\u4e2da"), 3);
    CHECK_EQ(last("a\U0001F600"), 4);
    CHECK_EQ(last("\u4e2da"), 1);
}

TEST(a_byte_outside_a_sequence_is_a_character)
{
    CHECK_EQ(first("\xe4\xb8"), 1);  /* cut off */
    CHECK_EQ(first("\xe4\xb8 "), 1); /* not continued */
    CHECK_EQ(first("\xe4z\xad"), 1);
    CHECK_EQ(first("\xb8\xad"), 1);
    CHECK_EQ(last("\xe4\xb8"), 1);
    CHECK_EQ(last("\xb8\xad\xb8\xad\xb8"), 1);
    CHECK_EQ(last("\xc3\xa9\xa9"), 1);
}

TEST(the_number_of_a_character)
{
    CHECK_EQ(utf8_code_point("z", 1), 'z');
    CHECK_EQ(utf8_code_point("\u00e9", 2), 0xE9);
    CHECK_EQ(utf8_code_point("\u4e2d", 3), 0x4E2D);
    CHECK_EQ(utf8_code_point("\U0001F600", 4), 0x1F600);
}

TEST(the_width_of_a_character)
{
    CHECK_EQ(columns("a"), 1);
    CHECK_EQ(columns("\x01"), 2); /* shown as ^A */
    CHECK_EQ(columns("\x7f"), 2);
    CHECK_EQ(columns("\u00e9"), 1);
    CHECK_EQ(columns("\u0301"), 0);
    CHECK_EQ(columns("\u0370"), 1);
    CHECK_EQ(columns("\u4e2d"), 2);
    CHECK_EQ(columns("\U0001F600"), 2);
}

/* The blocks of Unicode 15 that the kernel knows by their ends, in ascending order, and the width in between:
 * that of the East Asian Width of most characters, and 0 for what combines. */
TEST(each_block_has_one_width)
{
    static const struct {
        uint32_t first, last;
        unsigned columns;
    } blocks[] = {
        {0x300, 0x36F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},
        {0x2E80, 0x303E, 2}, {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
        {0xFE00, 0xFE0F, 0}, {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},
        {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2}, {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
    };
    size_t block = 0;
    for (uint32_t code = 0x80; code < 0x40000; code++) {
        const char four[] = {(char)(0xF0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3F)),
                             (char)(0x80 | (code >> 6 & 0x3F)), (char)(0x80 | (code & 0x3F))};
        while (block < ARRAY_SIZE(blocks) && code > blocks[block].last)
            block++;
        bool known = block < ARRAY_SIZE(blocks) && code >= blocks[block].first;
        CHECK_EQ(utf8_columns(four, 4), known ? blocks[block].columns : 1);
    }
}

/* What lies before the text is not looked at. */
TEST(the_last_character_begins_in_the_text)
{
    static const char text[] = "\xF0\x9F\x98\x80"; /* one character */
    for (size_t n = 1; n < 4; n++)
        CHECK_EQ(utf8_last_bytes(text + 4 - n, n), 1);
    CHECK_EQ(utf8_last_bytes(text, 4), 4);
    static const char two[] = "\xC3\xA9\xA9"; /* and a byte that is none */
    CHECK_EQ(utf8_last_bytes(two + 1, 1), 1);
    CHECK_EQ(utf8_last_bytes(two + 1, 2), 1);
    CHECK_EQ(utf8_last_bytes(two, 2), 2);
}

/* Nor is what lies behind it: the rest of the character may come later. */
TEST(the_first_character_ends_in_the_text)
{
    static const char text[] = "\xF0\x9F\x98\x80"; /* one character */
    for (size_t n = 1; n < 4; n++)
        CHECK_EQ(utf8_first_bytes(text, n), 1);
    CHECK_EQ(utf8_first_bytes(text, 4), 4);
}
