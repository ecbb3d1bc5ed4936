/* SPDX-License-Identifier: MIT */
/*
 * ubsan - reports of undefined behaviour, and of conversions that change a value.
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

/* The part of a path from kernel/ on. */
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

static struct report report; /* the one that ends the run */

/* Every report begins so. `caller` is the return address of the handler. */
static void begin(const char *what, const struct source *source, uintptr_t caller)
{
    char function[64];
    report = report_call(REPORT_PLACED, caller);
    backtrace_function(report.eip, function, sizeof(function));
    report_begin(&report, "UBSAN: %s at %s (%s:%u)", what, function, file_in_tree(source->file),
                 (unsigned)source->line);
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Declare and define a handler. */
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
        begin("integer overflow", &data->source, CALLER);                                \
        report_overflow(data, what, left, right);                                        \
        report_end(&report);                                                             \
    }
OVERFLOW(add, "in an addition")
OVERFLOW(sub, "in a subtraction")
OVERFLOW(mul, "in a multiplication")
OVERFLOW(divrem, "in a division, or by zero")

HANDLER(negate_overflow, const struct typed_data *data, value_t value)
{
    begin("integer overflow", &data->source, CALLER);
    print_value("negated", data->type, value);
    report_end(&report);
}

struct shift_data {
    struct source source;
    const struct type *left, *right;
};

HANDLER(shift_out_of_bounds, const struct shift_data *data, value_t left, value_t right)
{
    begin("shift that is not defined", &data->source, CALLER);
    print_value("shifted", data->left, left);
    print_value("by", data->right, right);
    report_end(&report);
}

struct conversion_data {
    struct source source;
    const struct type *from, *to;
    unsigned char kind;
};

HANDLER(implicit_conversion, const struct conversion_data *data, value_t from, value_t to)
{
    begin("conversion that changes the value", &data->source, CALLER);
    print_value("from", data->from, from);
    print_value("to", data->to, to);
    report_end(&report);
}

struct float_data {
    struct source source;
    const struct type *from, *to;
};

HANDLER(float_cast_overflow, const struct float_data *data)
{
    begin("floating-point value that fits no integer", &data->source, CALLER);
    report_end(&report);
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
          &data->source, CALLER);
    kprintf("    %s 0x%08x as %s, which is aligned to %u\n",
            data->access < ARRAY_SIZE(accesses) ? accesses[data->access] : "use of", (unsigned)address,
            data->type->name, (unsigned)mask + 1);
    report_end(&report);
}

struct source_data {
    struct source source;
};

HANDLER(pointer_overflow, const struct source_data *data, uintptr_t base, uintptr_t result)
{
    begin("pointer arithmetic that overflows, or on null", &data->source, CALLER);
    kprintf("    from 0x%08x to 0x%08x\n", (unsigned)base, (unsigned)result);
    report_end(&report);
}

struct alignment_data {
    struct source source, assumption;
    const struct type *type;
};

HANDLER(alignment_assumption, const struct alignment_data *data, uintptr_t pointer, uintptr_t alignment,
        uintptr_t offset)
{
    begin("pointer not aligned as was assumed", &data->source, CALLER);
    kprintf("    0x%08x, alignment %u, offset %u\n", (unsigned)pointer, (unsigned)alignment,
            (unsigned)offset);
    report_end(&report);
}

struct bounds_data {
    struct source source;
    const struct type *array, *index;
};

HANDLER(out_of_bounds, const struct bounds_data *data, value_t index)
{
    begin("index outside of an array", &data->source, CALLER);
    print_value("index", data->index, index);
    kprintf("    of an array of type %s\n", data->array->name);
    report_end(&report);
}

HANDLER(local_out_of_bounds, void)
{
    static const struct source unknown = {"?", 0, 0};
    begin("access outside of a local variable", &unknown, CALLER);
    report_end(&report);
}

HANDLER(vla_bound_not_positive, const struct typed_data *data, value_t bound)
{
    begin("array whose length is not above 0", &data->source, CALLER);
    print_value("length", data->type, bound);
    report_end(&report);
}

/* ---- Values and control ---- */

HANDLER(load_invalid_value, const struct typed_data *data, value_t value)
{
    begin("value that its type does not have", &data->source, CALLER);
    kprintf("    %u loaded as %s\n", (unsigned)value, data->type->name);
    report_end(&report);
}

HANDLER(builtin_unreachable, const struct source_data *data)
{
    begin("code that cannot be reached was reached", &data->source, CALLER);
    report_end(&report);
}

HANDLER(missing_return, const struct source_data *data)
{
    begin("function ended without its value", &data->source, CALLER);
    report_end(&report);
}

struct builtin_data {
    struct source source;
    unsigned char kind;
};

HANDLER(invalid_builtin, const struct builtin_data *data)
{
    begin("count of zero bits in 0", &data->source, CALLER);
    report_end(&report);
}

HANDLER(function_type_mismatch, const struct typed_data *data, uintptr_t function)
{
    begin("call of a function of another type", &data->source, CALLER);
    kprintf("    called as %s: ", data->type->name);
    backtrace_print_caller(function);
    kprintf("\n");
    report_end(&report);
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
    begin("null pointer as an argument that must not be null", &data->source, CALLER);
    report_argument(data);
    report_end(&report);
}

HANDLER(nullability_arg, const struct argument_data *data)
{
    begin("null pointer as an argument that must not be null", &data->source, CALLER);
    report_argument(data);
    report_end(&report);
}

HANDLER(nonnull_return_v1, const struct source_data *attribute, const struct source *source)
{
    (void)attribute;
    begin("null pointer returned where none may be", source, CALLER);
    report_end(&report);
}

HANDLER(nullability_return_v1, const struct source_data *attribute, const struct source *source)
{
    (void)attribute;
    begin("null pointer returned where none may be", source, CALLER);
    report_end(&report);
}
