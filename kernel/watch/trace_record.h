/* SPDX-License-Identifier: MIT */
/*
 * trace_record - how a record is made: for trace.c, and for code that cannot afford the calls of TRACE.
 */
#ifndef WATCH_TRACE_RECORD_H
#define WATCH_TRACE_RECORD_H

#include "arch/i386/cpu.h"
#include "watch/trace.h"

extern uint32_t trace_index_mask; /* capacity - 1 */
extern const size_t *trace_free;

/* Give the record the number of free frames, in its last word. */
static inline void trace_add_free(struct trace_record *record)
{
    record->arg[4] = *trace_free;
}

/* Record an event inline: fill in the words of the record that trace_begin() returns, and the number of free
 * frames if there is room, then call trace_publish(), which stamps it and lets readers of a running machine
 * see it, and returns the stamp's low word. Interrupts are off, because handlers record too. The stamp comes
 * last: to read it takes two registers, in which the words may be. */
static inline struct trace_record *trace_begin(enum trace_event event)
{
    struct trace_record *record =
        cpu_one_register(&trace_records[(uint32_t)trace_ring.next & trace_index_mask]);
    record->head = trace_running | event;
    return record;
}

static inline uint32_t trace_publish(struct trace_record *record)
{
    uint64_t stamp = cpu_tsc();
    record->stamp = stamp;
    cpu_compiler_barrier();
    trace_ring.next++;
    return (uint32_t)stamp;
}

/* For `n` events that happen at the same time: whether the next records are side by side, and not at both
 * ends of the ring; and these records. */
static inline bool trace_has_run(uint32_t n)
{
    return __builtin_expect(((uint32_t)trace_ring.next & trace_index_mask) + n - 1 <= trace_index_mask, 1);
}

static inline struct trace_record *trace_begin_run(void)
{
    return cpu_one_register(&trace_records[(uint32_t)trace_ring.next & trace_index_mask]);
}

/* Publish them, with one stamp. A reader of a running machine knows how many that may be
 * (tools/ucow/trace.py, AT_ONCE). */
static inline void trace_publish_run(struct trace_record *record, uint32_t n)
{
    size_t free = *trace_free;
    uint64_t stamp = cpu_tsc();
    for (uint32_t i = 0; i < n; i++) {
        record[i].arg[4] = free;
        record[i].stamp = stamp;
    }
    cpu_compiler_barrier();
    trace_ring.next += n;
}

#endif
