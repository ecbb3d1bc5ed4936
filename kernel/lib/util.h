/*
 * util - the small macros every C kernel needs and the language lacks.
 */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#include <stddef.h>

#define BIT(n) (1u << (n))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* One argument is evaluated twice: give them no side effects. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* The multiple of `unit`, a power of two, at or below, at or above the unsigned number x. The mask is made
 * as wide as x first, or it would cut off the upper half of a 64-bit one. ALIGN_UP wraps to 0 at the top. */
#define ALIGN_DOWN(x, unit) ((x) & ~(__typeof__(x))((unit)-1))
#define ALIGN_UP(x, unit) ALIGN_DOWN((x) + ((unit)-1), unit)
#define IS_ALIGNED(x, unit) (((x) & ((unit)-1)) == 0)

/* The structure of type `type` whose field `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Such a function becomes part of its caller and has no lines of its own: an address in it is named by the
 * caller's line, the one that a reader of a report looks for. */
#if __has_attribute(nodebug)
#define SITE_OF_CALLER static inline __attribute__((always_inline, nodebug))
#else
#define SITE_OF_CALLER static inline __attribute__((always_inline))
#endif

#endif
