/* SPDX-License-Identifier: MIT */
/*
 * printf - formatted output, for the console, buffers and panics.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %% as in ISO C, with the flags `-` and `0`, a width, a
 * precision, `*` for either, and the sizes hh h l ll z. Two differ: %s of NULL prints "(null)", and %p prints
 * 0x and all digits of a pointer. An unknown conversion is printed unchanged.
 *
 * %e is ucow's own: the text of an error number of either sign, or "error N" if N has none. Compilers take
 * it for C's floating point, so functions marked PRINTF_LIKE use "%s" with error_text().
 *
 * Allocates nothing, keeps no state and takes no lock: safe in interrupt handlers and panics.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

/* Let the compiler check the arguments. Parameter number `fmt`, counted from 1, is the format, and `first`
 * the first argument, or 0 for a va_list. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Receives one character of the text. */
typedef void put_fn(void *ctx, char c);

/* Call put(ctx, c) for each character of the text. Returns their number. */
int vformat(put_fn *put, void *ctx, const char *fmt, va_list ap);

/* Write as much of the text as fits into `size` bytes with its NUL; nothing if size is 0. Return the length
 * of the whole text: the text was truncated if that is not less than `size`. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The text of an error number of either sign; "unknown error" if it has none. */
const char *error_text(int error);

#endif
