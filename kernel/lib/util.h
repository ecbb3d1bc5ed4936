/* SPDX-License-Identifier: MIT */
/*
 * util - macros for bits, alignment, array sizes and containing structures.
 */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#include <stddef.h>

#define BIT(n) (1u << (n))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* One argument is evaluated twice: it must have no side effects. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Round the unsigned number x down, or up, to a multiple of `unit`, a power of two. The mask is converted to
 * the type of x first, or it would clear the upper half of a 64-bit x. ALIGN_UP wraps to 0 at the top. */
#define ALIGN_DOWN(x, unit) ((x) & ~(__typeof__(x))((unit)-1))
#define ALIGN_UP(x, unit) ALIGN_DOWN((x) + ((unit)-1), unit)
#define IS_ALIGNED(x, unit) (((x) & ((unit)-1)) == 0)

/* The structure of type `type` whose field `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A function that is always inlined and has no line numbers of its own: reports name an address in it by the
 * line of its caller. */
#if __has_attribute(nodebug)
#define SITE_OF_CALLER static inline __attribute__((always_inline, nodebug))
#else
#define SITE_OF_CALLER static inline __attribute__((always_inline))
#endif

#endif
