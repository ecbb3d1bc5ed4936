/* SPDX-License-Identifier: MIT */
/*
 * kasan_mem - memcpy, memmove and memset that check both ranges first.
 *
 * Instrumented code calls these. Code that is not instrumented calls the unchecked ones, under the names
 * raw_* (kernel/meson.build).
 */
#include "check/kasan.h"

/* The unchecked ones. */
void *raw_memcpy(void *dst, const void *src, size_t n);
void *raw_memmove(void *dst, const void *src, size_t n);
void *raw_memset(void *dst, int byte, size_t n);

#undef memcpy
#undef memmove
#undef memset
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *memcpy(void *dst, const void *src, size_t n)
{
    kasan_check(src, n, false, CALLER);
    kasan_check(dst, n, true, CALLER);
    return raw_memcpy(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
    kasan_check(src, n, false, CALLER);
    kasan_check(dst, n, true, CALLER);
    return raw_memmove(dst, src, n);
}

void *memset(void *dst, int byte, size_t n)
{
    kasan_check(dst, n, true, CALLER);
    return raw_memset(dst, byte, n);
}
