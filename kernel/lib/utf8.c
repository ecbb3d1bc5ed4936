/* SPDX-License-Identifier: MIT */
/*
 * utf8 - RFC 3629; the widths are those of Unicode's East Asian Width, in large ranges.
 */
#include "lib/utf8.h"

#include "lib/util.h"

struct range {
    uint32_t first, last;
};

static const struct range combining[] = {
    {0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

size_t utf8_sequence_bytes(char lead)
{
    unsigned char byte = (unsigned char)lead;
    return byte >= 0xF0 && byte <= 0xF4  ? 4
           : byte >= 0xE0 && byte < 0xF0 ? 3
           : byte >= 0xC2 && byte < 0xE0 ? 2
                                         : 1;
}

size_t utf8_first_bytes(const char *text, size_t n)
{
    size_t bytes = utf8_sequence_bytes(text[0]);
    if (bytes > n)
        return 1;
    for (size_t i = 1; i < bytes; i++)
        if (!utf8_continues(text[i]))
            return 1;
    return bytes;
}

size_t utf8_last_bytes(const char *text, size_t n)
{
    size_t bytes = 1;
    while (bytes < MIN(n, (size_t)4) && utf8_continues(text[n - bytes]))
        bytes++;
    return utf8_first_bytes(text + n - bytes, bytes) == bytes ? bytes : 1;
}

uint32_t utf8_code_point(const char *text, size_t n)
{
    uint32_t code = (unsigned char)text[0];
    if (n > 1)
        code &= 0x7Fu >> n;
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

static bool is_in(const struct range *ranges, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

unsigned utf8_columns(const char *text, size_t n)
{
    uint32_t code = utf8_code_point(text, n);
    if (code < ' ' || code == 0x7F)
        return 2;
    if (code < 0x300 || is_in(combining, ARRAY_SIZE(combining), code))
        return code < 0x300;
    return is_in(wide, ARRAY_SIZE(wide), code) ? 2 : 1;
}
