/*
 * printf - numbers and strings made into text, for the console, buffers and panics.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %% as in ISO C, with the flags `-` and `0`, a width, a
 * precision, `*` for either, and the sizes hh h l ll z. Two differ: %s of NULL prints "(null)",
 * and %p prints 0x and as many digits as a pointer has. An unknown conversion is printed as it stands.
 *
 * %e is ucow's own: the text of an error number of either sign, or "error N" when N has none.
 * Compilers take it for C's floating point; so functions marked PRINTF_LIKE use "%s" with
 * error_text().
 *
 * Allocates nothing, keeps no state, stops at no lock: safe in interrupts and panics.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

/* Lets the compiler check the arguments: parameter `fmt` is the format, `first` the first of them,
 * 0 for a va_list; counted from 1. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Takes one character of the text. */
typedef void put_fn(void *ctx, char c);

/* Hands the text to put(ctx, c), one character after the other; returns their number. */
int vformat(put_fn *put, void *ctx, const char *fmt, va_list ap);

/* Writes as much of the text as fits into `size` bytes with its NUL; nothing when size is 0.
 * Returns the length of the whole text: it was cut when that is not below size. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The text of an error number of either sign; "unknown error" when it has none. */
const char *error_text(int error);

#endif
