/* SPDX-License-Identifier: MIT */
/*
 * cp437 - the character set in the font of a PC's VGA, IBM's code page 437.
 */
#ifndef LIB_CP437_H
#define LIB_CP437_H

#include <stdint.h>

#define CP437_UNKNOWN '?'

/* Returns the number of the glyph for a code point of Unicode, CP437_UNKNOWN if there is none. */
uint8_t cp437_of(uint32_t code_point);

#endif
