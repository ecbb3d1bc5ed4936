/* SPDX-License-Identifier: MIT */
/*
 * mem - portable memcpy, memmove and memset; arch/i386/string.S has faster ones.
 *
 * Compile with -ffreestanding or -fno-builtin: otherwise the compiler recognises each loop and replaces it by
 * a call of the function that contains it.
 */
#include "lib/string.h"
#include <stdint.h>

void *memcpy(void *dst, const void *src, size_t n)
{
    unsigned char *to = dst;
    const unsigned char *from = src;

    while (n-- != 0)
        *to++ = *from++;
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    unsigned char *to = dst;
    const unsigned char *from = src;

    if ((uintptr_t)to - (uintptr_t)from >= n) /* dst is below src, or after its end */
        return memcpy(dst, src, n);
    while (n-- != 0)
        to[n] = from[n];
    return dst;
}

void *memset(void *dst, int byte, size_t n)
{
    unsigned char *to = dst;

    while (n-- != 0)
        *to++ = (unsigned char)byte;
    return dst;
}
