/* SPDX-License-Identifier: MIT */
/*
 * trace - the ring, and the text that describes its format to tools.
 */
#include "watch/trace.h"

#include "watch/trace_record.h"

/* `used` keeps the symbol and its layout through link-time optimisation, because tools look for it. */
__attribute__((used)) struct trace_ring trace_ring = {
    TRACE_MAGIC, TRACE_VERSION, sizeof(struct trace_record), 0, 0, 0, 0, 0, 0, 0};
struct trace_record *trace_records;
uint32_t trace_index_mask;
uint32_t trace_running;

/* Whether this kernel has the code that records events, for tools: the ring is in every kernel. */
extern const uint8_t trace_built_in;
__attribute__((used)) const uint8_t trace_built_in = TRACE_BUILT_IN;

static const size_t unknown;
const size_t *trace_free = &unknown;

/* What tools/trace reads: one line per enumeration, event and system call; a call of Linux has LINUX_TRACED
 * more in the trace. The line `spare`: what a record has in its last word if the fields do not fill it. */
extern const char trace_format[];
__attribute__((used)) const char trace_format[] =
#define SPARE(name) "spare " #name "\n"
    SPARE(free)
#define ENUM(name) "enum " #name
#define VALUE(NAME, name) " " #name
#define ENUM_END "\n"
#include <ucow/enums.def>
#define EVENT(number, name, fields) "event " #number " " #name " " fields "\n"
#include <ucow/trace.def>
#define SYSCALL(nr, name, ...) "syscall " #nr " " #name "\n"
#include <ucow/syscalls.def>
#define LINUX_NONE(nr, name) "linux " #nr " " #name "\n"
#define LINUX(nr, name, ...) LINUX_NONE(nr, name)
#include <ucow/linux.def>
    ;

void trace_init(void *buffer, uint32_t pa, size_t bytes)
{
    trace_records = buffer;
    trace_ring.buffer_pa = pa;
    trace_ring.capacity = (uint32_t)(bytes / sizeof(struct trace_record));
    trace_index_mask = trace_ring.capacity - 1;
    trace_ring.boot_tsc = cpu_tsc();
}

void trace_watch_free(const size_t *frames)
{
    trace_free = frames;
}

void trace_enable(bool on)
{
    trace_ring.on = on && trace_ring.capacity != 0;
}

static struct {
    uint64_t first; /* record */
    bool traced;    /* before it */
} draft;

void trace_begin_draft(void)
{
    draft.first = trace_ring.next;
    draft.traced = trace_ring.on != 0;
    if (draft.traced)
        trace_ring.on = trace_ring.next < trace_ring.capacity / 2 ? TRACE_DRAFT : 0;
}

void trace_end_draft(bool keep)
{
    if (!keep)
        trace_ring.next = draft.first;
    trace_enable(draft.traced);
}

int trace_pid(void)
{
    return (int)(trace_running >> TRACE_PID_SHIFT);
}

void trace_set_clock(uint32_t tsc_per_tick)
{
    trace_ring.tsc_per_tick = tsc_per_tick;
}

void trace_tick(void)
{
    trace_ring.ticks++;
}

void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    uint32_t eflags = cpu_irq_save();
    struct trace_record *record = trace_begin(event);
    record->arg[0] = a;
    record->arg[1] = b;
    trace_add_free(record);
    trace_publish(record);
    cpu_irq_restore(eflags);
}

void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t eflags = cpu_irq_save();
    struct trace_record *record = trace_begin(event);
    record->arg[0] = a;
    record->arg[1] = b;
    record->arg[2] = c;
    trace_add_free(record);
    trace_publish(record);
    cpu_irq_restore(eflags);
}

void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c)
{
    struct trace_record *record = trace_begin(event);
    record->arg[0] = a;
    record->arg[1] = b;
    record->arg[2] = c;
    trace_add_free(record);
    trace_publish(record);
}

void trace_record4(enum trace_event event, const uint32_t words[4])
{
    uint32_t eflags = cpu_irq_save();
    struct trace_record *record = trace_begin(event);
    for (size_t i = 0; i < ARRAY_SIZE(record->arg) - 1; i++)
        record->arg[i] = words[i];
    trace_add_free(record);
    trace_publish(record);
    cpu_irq_restore(eflags);
}

void trace_record5(enum trace_event event, const uint32_t words[5])
{
    uint32_t eflags = cpu_irq_save();
    struct trace_record *record = trace_begin(event);
    for (size_t i = 0; i < ARRAY_SIZE(record->arg); i++)
        record->arg[i] = words[i];
    trace_publish(record);
    cpu_irq_restore(eflags);
}
