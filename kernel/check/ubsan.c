/* SPDX-License-Identifier: MIT */
/*
 * ubsan - what the compiler found undefined in C, or a conversion that lost something.
 *
 * The names and the layouts are the compiler's (LLVM's UndefinedBehaviorSanitizer). Not
 * instrumented itself. The first report ends the run.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"

struct source {
    const char *file;
    uint32_t line, column;
};

struct type {
    uint16_t kind; /* TYPE_INTEGER or something else */
    uint16_t info; /* of an integer: bit 0 says signed, the others the logarithm of its bits */
    char name[];
};
#define TYPE_INTEGER 0

/* A value of up to 32 bits; of a larger one its address. */
typedef uintptr_t value_t;

/* "kernel/mm/page.c" of whatever path the compiler was called with. */
static const char *file_in_tree(const char *file)
{
    static const char top[] = "kernel/";
    const char *found = file;
    for (const char *at = file; *at != '\0'; at++)
        if (strncmp(at, top, sizeof(top) - 1) == 0)
            found = at;
    return found;
}

static void print_value(const char *what, const struct type *type, value_t value)
{
    unsigned bits = 1u << (type->info >> 1);
    bool is_signed = (type->info & 1) != 0;
    kprintf("    %s ", what);
    if (type->kind != TYPE_INTEGER)
        kprintf("0x%08x", (unsigned)value);
    else if (bits > 32)
        kprintf(is_signed ? "%lld" : "%llu", *(const unsigned long long *)value);
    else if (is_signed)
        kprintf("%d", (int)(value << (32 - bits)) >> (32 - bits));
    else
        kprintf("%u", (unsigned)value);
    kprintf(" of type %s\n", type->name);
}

/* Every report begins so; eip is the call of the handler. */
static void begin(const char *what, const struct source *source, uintptr_t eip)
{
    char function[64];
    backtrace_function(eip, function, sizeof(function));
    check_failed_line("UBSAN: %s at %s (%s:%u)", what, function, file_in_tree(source->file),
                      (unsigned)source->line);
}

#define EIP ((uintptr_t)__builtin_return_address(0) - 1)

/* A handler's prototype and its head. */
#define HANDLER(name, ...)                   \
    void __ubsan_handle_##name(__VA_ARGS__); \
    void __ubsan_handle_##name(__VA_ARGS__)

/* ---- Arithmetic ---- */

struct typed_data {
    struct source source;
    const struct type *type;
};

static void report_overflow(const struct typed_data *data, const char *what, value_t left, value_t right)
{
    kprintf("    %s\n", what);
    print_value("left", data->type, left);
    print_value("right", data->type, right);
}

#define OVERFLOW(name, what)                                                             \
    HANDLER(name##_overflow, const struct typed_data *data, value_t left, value_t right) \
    {                                                                                    \
        begin("integer overflow", &data->source, EIP);                                   \
        report_overflow(data, what, left, right);                                        \
        check_failed_end(EIP);                                                           \
    }
OVERFLOW(add, "in an addition")
OVERFLOW(sub, "in a subtraction")
OVERFLOW(mul, "in a multiplication")
OVERFLOW(divrem, "in a division, or by zero")

HANDLER(negate_overflow, const struct typed_data *data, value_t value)
{
    begin("integer overflow", &data->source, EIP);
    print_value("negated", data->type, value);
    check_failed_end(EIP);
}

struct shift_data {
    struct source source;
    const struct type *left, *right;
};

HANDLER(shift_out_of_bounds, const struct shift_data *data, value_t left, value_t right)
{
    begin("shift that is not defined", &data->source, EIP);
    print_value("shifted", data->left, left);
    print_value("by", data->right, right);
    check_failed_end(EIP);
}

struct conversion_data {
    struct source source;
    const struct type *from, *to;
    unsigned char kind;
};

HANDLER(implicit_conversion, const struct conversion_data *data, value_t from, value_t to)
{
    begin("conversion that changes the value", &data->source, EIP);
    print_value("from", data->from, from);
    print_value("to", data->to, to);
    check_failed_end(EIP);
}

struct float_data {
    struct source source;
    const struct type *from, *to;
};

HANDLER(float_cast_overflow, const struct float_data *data)
{
    begin("floating-point value that fits no integer", &data->source, EIP);
    check_failed_end(EIP);
}

/* ---- Pointers ---- */

struct mismatch_data {
    struct source source;
    const struct type *type;
    unsigned char log_alignment;
    unsigned char access;
};

HANDLER(type_mismatch_v1, const struct mismatch_data *data, uintptr_t address)
{
    static const char *const accesses[] = {"load of",           "store to",           "reference to",
                                           "member of",         "member function of", "constructor of",
                                           "downcast of",       "downcast of",        "upcast of",
                                           "cast to a base of", "reference to",       "dynamic operation on"};
    uintptr_t mask = (1u << data->log_alignment) - 1;
    begin(address == 0            ? "null pointer used"
          : (address & mask) != 0 ? "pointer not aligned"
                                  : "object too small for its type",
          &data->source, EIP);
    kprintf("    %s 0x%08x as %s, which is aligned to %u\n",
            data->access < ARRAY_SIZE(accesses) ? accesses[data->access] : "use of", (unsigned)address,
            data->type->name, (unsigned)mask + 1);
    check_failed_end(EIP);
}

struct source_data {
    struct source source;
};

HANDLER(pointer_overflow, const struct source_data *data, uintptr_t base, uintptr_t result)
{
    begin("pointer arithmetic that overflows, or on null", &data->source, EIP);
    kprintf("    from 0x%08x to 0x%08x\n", (unsigned)base, (unsigned)result);
    check_failed_end(EIP);
}

struct alignment_data {
    struct source source, assumption;
    const struct type *type;
};

HANDLER(alignment_assumption, const struct alignment_data *data, uintptr_t pointer, uintptr_t alignment,
        uintptr_t offset)
{
    begin("pointer not aligned as was assumed", &data->source, EIP);
    kprintf("    0x%08x, alignment %u, offset %u\n", (unsigned)pointer, (unsigned)alignment,
            (unsigned)offset);
    check_failed_end(EIP);
}

struct bounds_data {
    struct source source;
    const struct type *array, *index;
};

HANDLER(out_of_bounds, const struct bounds_data *data, value_t index)
{
    begin("index outside of an array", &data->source, EIP);
    print_value("index", data->index, index);
    kprintf("    of an array of type %s\n", data->array->name);
    check_failed_end(EIP);
}

HANDLER(local_out_of_bounds, void)
{
    static const struct source unknown = {"?", 0, 0};
    begin("access outside of a local variable", &unknown, EIP);
    check_failed_end(EIP);
}

HANDLER(vla_bound_not_positive, const struct typed_data *data, value_t bound)
{
    begin("array whose length is not above 0", &data->source, EIP);
    print_value("length", data->type, bound);
    check_failed_end(EIP);
}

/* ---- Values and control ---- */

HANDLER(load_invalid_value, const struct typed_data *data, value_t value)
{
    begin("value that its type does not have", &data->source, EIP);
    kprintf("    %u loaded as %s\n", (unsigned)value, data->type->name);
    check_failed_end(EIP);
}

HANDLER(builtin_unreachable, const struct source_data *data)
{
    begin("code that cannot be reached was reached", &data->source, EIP);
    check_failed_end(EIP);
}

HANDLER(missing_return, const struct source_data *data)
{
    begin("function ended without its value", &data->source, EIP);
    check_failed_end(EIP);
}

struct builtin_data {
    struct source source;
    unsigned char kind;
};

HANDLER(invalid_builtin, const struct builtin_data *data)
{
    begin("count of zero bits in 0", &data->source, EIP);
    check_failed_end(EIP);
}

HANDLER(function_type_mismatch, const struct typed_data *data, uintptr_t function)
{
    begin("call of a function of another type", &data->source, EIP);
    kprintf("    called as %s: ", data->type->name);
    backtrace_print_site(function);
    kprintf("\n");
    check_failed_end(EIP);
}

/* ---- Pointers that must not be null ---- */

struct argument_data {
    struct source source, attribute;
    int index;
};

static void report_argument(const struct argument_data *data)
{
    kprintf("    argument %d, which is declared so at %s:%u\n", data->index,
            file_in_tree(data->attribute.file), (unsigned)data->attribute.line);
}

HANDLER(nonnull_arg, const struct argument_data *data)
{
    begin("null pointer as an argument that must not be null", &data->source, EIP);
    report_argument(data);
    check_failed_end(EIP);
}

HANDLER(nullability_arg, const struct argument_data *data)
{
    begin("null pointer as an argument that must not be null", &data->source, EIP);
    report_argument(data);
    check_failed_end(EIP);
}

HANDLER(nonnull_return_v1, const struct source_data *attribute, const struct source *source)
{
    (void)attribute;
    begin("null pointer returned where none may be", source, EIP);
    check_failed_end(EIP);
}

HANDLER(nullability_return_v1, const struct source_data *attribute, const struct source *source)
{
    (void)attribute;
    begin("null pointer returned where none may be", source, EIP);
    check_failed_end(EIP);
}
