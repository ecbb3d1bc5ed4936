/* SPDX-License-Identifier: MIT */
/*
 * trace - the ring, and the text that describes its format to tools.
 */
#include "watch/trace.h"

#include <stdarg.h>

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/string.h"
#include "lib/util.h"

/* `used` keeps the symbol and its layout through link-time optimisation, because tools look for it. */
__attribute__((used)) struct trace_ring trace_ring = {
    TRACE_MAGIC, TRACE_VERSION, sizeof(struct trace_record), 0, 0, 0, 0, 0, 0, 0};
static struct trace_record *records;
static uint16_t running_pid;

static const char *const event_names[] = {
#define EVENT(number, name, fields) [number] = #name,
#include <ucow/trace.def>
};

static const char *const event_fields[] = {
#define EVENT(number, name, fields) [number] = fields,
#include <ucow/trace.def>
};

/* What tools/trace reads: one line per enumeration, event and system call. */
extern const char trace_format[];
__attribute__((used)) const char trace_format[] =
#define ENUM(name) "enum " #name
#define VALUE(NAME, name) " " #name
#define ENUM_END "\n"
#include <ucow/enums.def>
#define EVENT(number, name, fields) "event " #number " " #name " " fields "\n"
#include <ucow/trace.def>
#define SYSCALL0(nr, name, ...) "syscall " #nr " " #name "\n"
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#define SYSCALL5 SYSCALL0
#include <ucow/syscalls.def>
    ;

void trace_init(void *buffer, uint32_t pa, size_t bytes)
{
    records = buffer;
    trace_ring.buffer_pa = pa;
    trace_ring.capacity = (uint32_t)(bytes / sizeof(struct trace_record));
    trace_ring.boot_tsc = cpu_tsc();
}

void trace_enable(bool on)
{
    trace_ring.on = on && trace_ring.capacity != 0;
}

void trace_set_pid(int pid)
{
    running_pid = (uint16_t)pid;
}

int trace_pid(void)
{
    return running_pid;
}

void trace_set_clock(uint32_t tsc_per_tick)
{
    trace_ring.tsc_per_tick = tsc_per_tick;
}

void trace_tick(void)
{
    trace_ring.ticks++;
}

void trace_record(enum trace_event event, ...)
{
    va_list args;
    uint32_t eflags = cpu_irq_save(); /* because handlers record too */
    struct trace_record *record = &records[trace_ring.next & (trace_ring.capacity - 1)];
    record->stamp = cpu_tsc() - trace_ring.boot_tsc;
    record->event = (uint8_t)event;
    record->cpu = 0;
    record->pid = running_pid;
    va_start(args, event);
    for (size_t i = 0; i < ARRAY_SIZE(record->arg); i++)
        record->arg[i] = va_arg(args, uint32_t);
    va_end(args);
    trace_ring.next++; /* last, so that a reader of a running machine sees only complete records */
    cpu_irq_restore(eflags);
}

/* Point *word to the field at *fields and move *fields to the next one. Returns the length of the word
 * without its suffix. */
static size_t next_field(const char **fields, const char **word)
{
    size_t length = 0, whole;
    *word = *fields;
    while ((*word)[length] != '\0' && (*word)[length] != ' ' && (*word)[length] != ':')
        length++;
    for (whole = length; (*word)[whole] != '\0' && (*word)[whole] != ' '; whole++)
        ;
    *fields += (*word)[whole] == ' ' ? whole + 1 : whole;
    return length;
}

static void print_record(const struct trace_record *record)
{
    const char *fields = event_fields[record->event], *word;
    kprintf("[t=%llu] pid %u: %s", record->stamp, record->pid, event_names[record->event]);
    for (unsigned i = 0; *fields != '\0' && i < ARRAY_SIZE(record->arg); i++) {
        size_t length = next_field(&fields, &word);
        kprintf(" %.*s=", (int)length, word);
        if (strcmp(word + length, ":text") == 0) {
            kprintf("%.*s", (int)sizeof(record->arg) - (int)(i * sizeof(uint32_t)),
                    (const char *)&record->arg[i]);
            break;
        }
        kprintf("0x%x", record->arg[i]);
    }
    kprintf("\n");
}

void trace_print_last(unsigned n)
{
    uint64_t held = MIN(trace_ring.next, (uint64_t)trace_ring.capacity);
    for (uint64_t i = trace_ring.next - MIN((uint64_t)n, held); i < trace_ring.next; i++)
        print_record(&records[i & (trace_ring.capacity - 1)]);
}
