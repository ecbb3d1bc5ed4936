/* SPDX-License-Identifier: MIT */
/*
 * cp437.c: each glyph of IBM's code page 437 by the character that it shows, and no other character.
 */
#include "lib/cp437.h"

#include <uchar.h>

#include "lib/util.h"
#include "unit.h"

/* From the glyphs 1 and 0x80 on. */
static const char32_t low[] = U"☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
static const char32_t high[] = U"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
                               U"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
                               U"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
                               U"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";

/* The glyph that shows `code`; 0: none. */
static unsigned glyph_of(uint32_t code)
{
    if (code >= ' ' && code <= '~')
        return code;
    for (unsigned i = 0; low[i] != 0; i++) {
        if (low[i] == code)
            return 1 + i;
    }
    for (unsigned i = 0; high[i] != 0; i++) {
        if (high[i] == code)
            return 0x80 + i;
    }
    return 0;
}

TEST(each_character_has_its_glyph)
{
    CHECK_EQ(ARRAY_SIZE(low), 0x1F + 1);
    CHECK_EQ(ARRAY_SIZE(high), 0x80 + 1);
    for (uint32_t code = 0; code <= 0x20000; code++) {
        unsigned glyph = glyph_of(code);
        CHECK_EQ(cp437_of(code), glyph != 0 ? glyph : CP437_UNKNOWN);
    }
    CHECK_EQ(cp437_of(UINT32_MAX), CP437_UNKNOWN);
    CHECK_EQ(cp437_of(0x10000 + 0x263A), CP437_UNKNOWN);
}
