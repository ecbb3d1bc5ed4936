/* SPDX-License-Identifier: MIT */
/*
 * printf - a loop over the format, a parser of conversions, and two printers: for text and for numbers.
 *
 * A conversion is parsed into a struct spec; every numeric argument becomes a 64-bit magnitude and a
 * sign. Division works on 32-bit halves, because a 64-bit `/` would call the compiler's runtime library,
 * which is not linked into the kernel.
 */
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucow/errno.h>

#define MAX_DIGITS 22      /* of 2^64 - 1 in octal */
#define MAX_FIELD 0xffffff /* limit of widths and precisions, so that sums of them cannot overflow */

/* The base and digits of a conversion. */
struct radix {
    unsigned base;
    const char *digits;
};
static const struct radix decimal = {10, "0123456789"};
static const struct radix octal = {8, "01234567"};
static const struct radix hex = {16, "0123456789abcdef"};
static const struct radix upper_hex = {16, "0123456789ABCDEF"};

/* The part of a conversion between `%` and its letter. */
struct spec {
    bool left;     /* `-`: pad on the right */
    bool zero;     /* `0`: pad numbers with zeros */
    int width;     /* minimum number of characters */
    int precision; /* numbers: minimum of digits; strings: maximum of bytes; negative: not given */
    size_t size;   /* bytes of a number's argument */
};

struct output {
    put_fn *put;
    void *ctx;
    int count;
    va_list args; /* the arguments not printed yet */
};

static const char *const error_texts[] = {
#define X(name, number, text) [number] = text,
    UCOW_ERRORS(X)
#undef X
};

/* The absolute value, negated as unsigned because -INT_MIN is not an int. */
static unsigned magnitude(int number)
{
    return number < 0 ? 0u - (unsigned)number : (unsigned)number;
}

/* The text of an error number, or NULL. */
static const char *find_error_text(int error)
{
    unsigned number = magnitude(error);

    return number < ARRAY_SIZE(error_texts) ? error_texts[number] : NULL;
}

const char *error_text(int error)
{
    const char *text = find_error_text(error);

    return text != NULL ? text : "unknown error";
}

static void emit(struct output *out, char c)
{
    out->put(out->ctx, c);
    out->count++;
}

static void emit_times(struct output *out, char c, int times)
{
    while (times-- > 0)
        emit(out, c);
}

static void emit_bytes(struct output *out, const char *bytes, int n)
{
    for (int i = 0; i < n; i++)
        emit(out, bytes[i]);
}

/* Print `n` bytes of text, padded with blanks to the width. */
static void print_text(struct output *out, const struct spec *spec, const char *text, int n)
{
    if (!spec->left)
        emit_times(out, ' ', spec->width - n);
    emit_bytes(out, text, n);
    if (spec->left)
        emit_times(out, ' ', spec->width - n);
}

static void print_string(struct output *out, const struct spec *spec, const char *s)
{
    size_t max = spec->precision < 0 ? INT_MAX : (size_t)spec->precision;

    if (s == NULL)
        s = "(null)";
    print_text(out, spec, s, (int)strnlen(s, max));
}

/* Divide *value by a base of at most 16 and return the remainder: long division by 16-bit digits, so that
 * every step fits into 32 bits. */
static unsigned divide(uint64_t *value, unsigned base)
{
    uint32_t rest = 0;
    uint64_t quotient = 0;

    if (*value <= UINT32_MAX) {
        rest = (uint32_t)*value % base;
        *value = (uint32_t)*value / base;
        return rest;
    }
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = rest << 16 | (uint16_t)(*value >> shift);

        quotient |= (uint64_t)(part / base) << shift;
        rest = part % base;
    }
    *value = quotient;
    return rest;
}

/* Prints prefix (a sign or 0x), zeros and the digits of `value`, padded to the width. */
static void print_number(struct output *out, const struct spec *spec, const char *prefix, uint64_t value,
                         const struct radix *radix)
{
    char text[MAX_DIGITS];
    int start = MAX_DIGITS;
    int prefix_len = (int)strlen(prefix);
    int len, zeros;

    while (value != 0)
        text[--start] = radix->digits[divide(&value, radix->base)];
    len = MAX_DIGITS - start;
    zeros =
        (spec->precision < 0 ? 1 : spec->precision) - len; /* 0 has one digit, unless the precision is 0 */
    if (spec->precision < 0 && spec->zero && !spec->left && spec->width - prefix_len - len > zeros)
        zeros = spec->width - prefix_len - len;
    if (zeros < 0)
        zeros = 0;

    if (!spec->left)
        emit_times(out, ' ', spec->width - prefix_len - zeros - len);
    emit_bytes(out, prefix, prefix_len);
    emit_times(out, '0', zeros);
    emit_bytes(out, text + start, len);
    if (spec->left)
        emit_times(out, ' ', spec->width - prefix_len - zeros - len);
}

/* The next argument as a number of spec->size bytes; the bits above are 0. */
static uint64_t next_unsigned(struct output *out, const struct spec *spec)
{
    if (spec->size == sizeof(uint64_t))
        return va_arg(out->args, unsigned long long);
    return va_arg(out->args, unsigned) & UINT32_MAX >> (32 - 8 * spec->size);
}

static void print_signed(struct output *out, const struct spec *spec)
{
    uint64_t value = next_unsigned(out, spec);
    bool negative = value >> (8 * spec->size - 1) != 0;

    if (negative)
        value = (0 - value) & UINT64_MAX >> (64 - 8 * spec->size);
    print_number(out, spec, negative ? "-" : "", value, &decimal);
}

static void print_unsigned(struct output *out, const struct spec *spec, const struct radix *radix)
{
    print_number(out, spec, "", next_unsigned(out, spec), radix);
}

static void print_pointer(struct output *out, struct spec *spec)
{
    spec->precision = 2 * sizeof(void *);
    print_number(out, spec, "0x", (uintptr_t)va_arg(out->args, void *), &hex);
}

static void print_char(struct output *out, const struct spec *spec)
{
    char c = (char)va_arg(out->args, int);

    print_text(out, spec, &c, 1);
}

static void print_error(struct output *out, const struct spec *spec)
{
    int error = va_arg(out->args, int);
    const char *text = find_error_text(error);

    if (text != NULL)
        print_text(out, spec, text, (int)strlen(text));
    else
        print_number(out, spec, error < 0 ? "error -" : "error ", magnitude(error), &decimal);
}

/* Read a width or precision: `*` or digits, none meaning 0. Moves *fmt past it. */
static int parse_field(struct output *out, const char **fmt)
{
    int field = 0;

    if (**fmt == '*') {
        (*fmt)++;
        field = va_arg(out->args, int);
        return MAX(-MAX_FIELD, MIN(field, MAX_FIELD));
    }
    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
        field = MIN(10 * field + (**fmt - '0'), MAX_FIELD);
    return field;
}

/* Read hh, h, l, ll, z or nothing. Moves *fmt past it; returns the bytes of the argument. */
static size_t parse_size(const char **fmt)
{
    static const struct {
        char letters[3];
        uint8_t bytes;
    } sizes[] = {
        {"hh", sizeof(char)}, {"h", sizeof(short)},  {"ll", sizeof(long long)},
        {"l", sizeof(long)},  {"z", sizeof(size_t)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        size_t len = strlen(sizes[i].letters);

        if (strncmp(*fmt, sizes[i].letters, len) == 0) {
            *fmt += len;
            return sizes[i].bytes;
        }
    }
    return sizeof(int);
}

/* Parse the part between `%` and the letter; returns the position of the letter. */
static const char *parse_spec(struct output *out, const char *fmt, struct spec *spec)
{
    *spec = (struct spec){.precision = -1};
    for (; *fmt == '-' || *fmt == '0'; fmt++) {
        if (*fmt == '-')
            spec->left = true;
        else
            spec->zero = true;
    }
    spec->width = parse_field(out, &fmt);
    if (spec->width < 0) { /* ISO C 7.21.6.1: a negative `*` is the flag `-` */
        spec->left = true;
        spec->width = -spec->width;
    }
    if (*fmt == '.') {
        fmt++;
        spec->precision = parse_field(out, &fmt);
    }
    spec->size = parse_size(&fmt);
    return fmt;
}

/* Print the next argument; false if there is no such conversion. */
static bool convert(struct output *out, struct spec *spec, char letter)
{
    switch (letter) {
    case 'd':
    case 'i':
        print_signed(out, spec);
        return true;
    case 'u':
        print_unsigned(out, spec, &decimal);
        return true;
    case 'x':
        print_unsigned(out, spec, &hex);
        return true;
    case 'X':
        print_unsigned(out, spec, &upper_hex);
        return true;
    case 'o':
        print_unsigned(out, spec, &octal);
        return true;
    case 'p':
        print_pointer(out, spec);
        return true;
    case 'c':
        print_char(out, spec);
        return true;
    case 's':
        print_string(out, spec, va_arg(out->args, const char *));
        return true;
    case 'e':
        print_error(out, spec);
        return true;
    case '%':
        emit(out, '%');
        return true;
    default:
        return false;
    }
}

int vformat(put_fn *put, void *ctx, const char *fmt, va_list ap)
{
    struct output out = {.put = put, .ctx = ctx};
    struct spec spec;

    va_copy(out.args, ap);
    while (*fmt != '\0') {
        const char *start = fmt++;

        if (*start != '%') {
            emit(&out, *start);
            continue;
        }
        fmt = parse_spec(&out, fmt, &spec);
        if (*fmt != '\0' && convert(&out, &spec, *fmt))
            fmt++;
        else
            emit_bytes(&out, start, (int)(fmt - start)); /* the letter is printed next, as plain text */
    }
    va_end(out.args);
    return out.count;
}

/* The unused part of a buffer. */
struct room {
    char *next, *last; /* `last` is reserved for the NUL */
};

static void put_in_room(void *ctx, char c)
{
    struct room *room = ctx;

    if (room->next < room->last)
        *room->next++ = c;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct room room = {.next = buf, .last = size != 0 ? buf + size - 1 : buf};
    int count = vformat(put_in_room, &room, fmt, ap);

    if (size != 0)
        *room.next = '\0';
    return count;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int count;

    va_start(ap, fmt);
    count = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return count;
}
