/* SPDX-License-Identifier: MIT */
/*
 * trace_print - prints events as tools/trace does: numbers as the suffixes of trace.def say, and names from
 * enums.def and syscalls.def.
 */
#include <ucow/linux.h>

#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"
#include "watch/trace.h"

static const struct {
    const char *name, *fields;
} events[] = {
#define EVENT(number, name, fields) [number] = {#name, fields},
#include <ucow/trace.def>
};

#define ENUM(name) static const char *const name##_names[] = {
#define VALUE(NAME, name) #name,
#define ENUM_END \
    }            \
    ;
#include <ucow/enums.def>

static const char *const syscall_names[] = {
#define SYSCALL(nr, name, ...) [nr] = #name,
#include <ucow/syscalls.def>
};

static const char *const linux_names[] = {
#define LINUX_NONE(nr, name) [nr] = "linux_" #name,
#define LINUX(nr, name, ...) LINUX_NONE(nr, name)
#include <ucow/linux.def>
};

/* The suffixes of fields that are printed by name. */
static const struct {
    const char *suffix;
    const char *const *names;
    size_t n;
} enumerations[] = {
    {"syscall", syscall_names, ARRAY_SIZE(syscall_names)},
#define ENUM(name) {#name, name##_names, ARRAY_SIZE(name##_names)},
#include <ucow/enums.def>
};

/* Whether the `length` characters at `text` are `word`. */
static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(word, text, length) == 0;
}

/* The name of `value` in the enumeration that the word at `suffix` names; NULL if there is none. */
static const char *name_of(const char *suffix, size_t length, uint32_t value)
{
    if (value - LINUX_TRACED < ARRAY_SIZE(linux_names) && is_word(suffix, length, "syscall"))
        return linux_names[value - LINUX_TRACED];
    for (size_t i = 0; i < ARRAY_SIZE(enumerations); i++)
        if (is_word(suffix, length, enumerations[i].suffix))
            return value < enumerations[i].n ? enumerations[i].names[value] : NULL;
    return NULL;
}

/* Print " name=value" for the field at `field`, whose value begins at *word; `words` are left in the record,
 * and a text has all of them. Returns where the next field begins. */
static const char *print_field(const char *field, const uint32_t *word, size_t words)
{
    size_t name = 0, suffix;
    while (field[name] != '\0' && field[name] != ' ' && field[name] != ':')
        name++;
    suffix = name + (field[name] == ':');
    size_t end = suffix;
    while (field[end] != '\0' && field[end] != ' ')
        end++;
    const char *text = name_of(field + suffix, end - suffix, *word);
    kprintf(" %.*s=", (int)name, field);
    if (strcmp(field + suffix, "text") == 0)
        kprintf("%.*s", (int)(words * sizeof(*word)), (const char *)word);
    else if (text != NULL)
        kprintf("%s", text);
    else
        kprintf(field[suffix] == 'x' ? "0x%x" : field[suffix] == 'd' ? "%d" : "%u", *word);
    return field + end + (field[end] == ' ');
}

static void print_record(const struct trace_record *record)
{
    const char *field = events[record->event].fields;
    kprintf("[t=%llu] %s", record->stamp - trace_ring.boot_tsc, events[record->event].name);
    for (size_t i = 0; *field != '\0' && i < ARRAY_SIZE(record->arg); i++)
        field = print_field(field, &record->arg[i], ARRAY_SIZE(record->arg) - i);
    kprintf(" running=%u\n", record->pid);
}

void trace_print_last(unsigned n)
{
    uint64_t held = MIN(trace_ring.next, (uint64_t)trace_ring.capacity);
    if (held == 0)
        kprintf("  none was recorded\n");
    for (uint64_t i = trace_ring.next - MIN((uint64_t)n, held); i < trace_ring.next; i++)
        print_record(&trace_records[i & (trace_ring.capacity - 1)]);
}
