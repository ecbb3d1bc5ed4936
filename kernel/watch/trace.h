/* SPDX-License-Identifier: MIT */
/*
 * trace - records the events of processes in a ring in memory.
 *
 * include/ucow/trace.def declares the events. Tools find the ring through the ELF symbol
 * trace_ring and learn the format from trace_format, in a living, stopped, crashed or ended
 * machine. Recording never fails: a full ring overwrites its oldest events, and `next` tells how
 * many were lost.
 */
#ifndef WATCH_TRACE_H
#define WATCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum trace_event {
#define EVENT(number, name, fields) TRACE_##name = number,
#include <ucow/trace.def>
    TRACE_EVENTS
};

struct trace_record {
    uint64_t stamp; /* time stamp counter; tools show it less boot_tsc */
    union {
        struct {
            uint8_t event; /* enum trace_event */
            uint8_t cpu;
            uint16_t pid; /* the running process */
        };
        uint32_t head; /* all three */
    };
    uint32_t arg[5]; /* the last: the free frames of the machine, if the event does not need it */
};

#define TRACE_PID_SHIFT 16

_Static_assert(sizeof(struct trace_record) == 32, "tools count on it");

#define TRACE_MAGIC 0x43525455u /* "UTRC" */
#define TRACE_VERSION 2
#define TRACE_BUILT_IN CONFIG_TRACE
#define TRACE_DRAFT 2u /* the newest records may be taken back: followers wait */

struct trace_ring {
    uint32_t magic, version, record_bytes;
    uint32_t capacity;     /* records, a power of two; 0: no ring */
    uint32_t buffer_pa;    /* physical address of the records */
    uint32_t on;           /* 0, 1, or TRACE_DRAFT */
    uint64_t next;         /* records made since boot; record i is at i % capacity */
    uint32_t tsc_per_tick; /* 0 until known */
    uint32_t ticks;
    uint64_t boot_tsc; /* the time stamp counter at trace_init() */
};

extern struct trace_ring trace_ring;
extern struct trace_record *trace_records; /* the ring */

/* Use `bytes` at `buffer`, physically contiguous at `pa`, as the ring. Recording stays off. */
void trace_init(void *buffer, uint32_t pa, size_t bytes);

/* Tell the trace where the number of free frames is kept. */
void trace_watch_free(const size_t *frames);

/* Switch recording on or off; without a ring it stays off. */
void trace_enable(bool on);

/* Record a draft, which trace_end_draft() takes back unless it is to be kept; a report before shows it. If
 * the ring has no room for one, nothing is recorded meanwhile. */
void trace_begin_draft(void);
void trace_end_draft(bool keep);

/* `head` of a record by the running process, without its event. */
extern uint32_t trace_running;

/* Tell the trace which process runs from now on. */
static inline void trace_set_pid(int pid)
{
    trace_running = (uint32_t)pid << TRACE_PID_SHIFT;
}

/* The pid of the running process, whether recording is on or off. */
int trace_pid(void);

/* Tell readers how long a tick is, in counts of the time stamp counter; and that a tick has passed. */
void trace_set_clock(uint32_t tsc_per_tick);
void trace_tick(void);

/* Print the last `n` events on the console, as tools/trace does; for panics. */
void trace_print_last(unsigned n);

/* Called by TRACE while recording is on. Never inlined, and most events have at most three words, which are
 * passed without memory: so the caller needs no stack and few registers for what it seldom does. What lies in
 * the other words of the record, but for the last, means nothing. */
#define TRACE_CALL __attribute__((noinline))
TRACE_CALL void trace_record2(enum trace_event event, uint32_t a, uint32_t b);
TRACE_CALL void trace_record3(enum trace_event event, uint32_t a, uint32_t b, uint32_t c);
TRACE_CALL void trace_record4(enum trace_event event, const uint32_t words[4]);
TRACE_CALL void trace_record5(enum trace_event event, const uint32_t words[5]);
TRACE_CALL void trace_record_irq_off(enum trace_event event, uint32_t a, uint32_t b, uint32_t c);

/* TRACE(fork, parent, child, flags): up to five arguments, as many as trace.def declares, in its order. */
#define TRACE(name, ...) \
    TRACE_FUNCTION(__VA_ARGS__, 5, 4, 3, 2, 2, 0)(TRACE_##name, __VA_ARGS__, 0, 0, 0, 0, 0)
#define TRACE_FUNCTION(a, b, c, d, e, n, ...) TRACE_WORDS##n
#define TRACE_WORDS2(event, a, b, ...) TRACE_IF_ON(trace_record2(event, (uint32_t)(a), (uint32_t)(b)))
#define TRACE_WORDS3(event, a, b, c, ...) \
    TRACE_IF_ON(trace_record3(event, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c)))
#define TRACE_WORDS4(event, a, b, c, d, ...) \
    TRACE_IF_ON(trace_record4(               \
        event, (const uint32_t[4]){(uint32_t)(a), (uint32_t)(b), (uint32_t)(c), (uint32_t)(d)}))
#define TRACE_WORDS5(event, a, b, c, d, e, ...)                                                       \
    TRACE_IF_ON(trace_record5(event, (const uint32_t[5]){(uint32_t)(a), (uint32_t)(b), (uint32_t)(c), \
                                                         (uint32_t)(d), (uint32_t)(e)}))

/* The same where interrupts are off, with up to three arguments: for the events of a switch. */
#define TRACE_IRQ_OFF(name, ...) TRACE_WORDS_IRQ_OFF(TRACE_##name, __VA_ARGS__, 0, 0)
#define TRACE_WORDS_IRQ_OFF(event, a, b, c, ...) \
    TRACE_IF_ON(trace_record_irq_off(event, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c)))
#define TRACE_IF_ON(record) \
    do {                    \
        if (TRACE_IS_ON())  \
            record;         \
    } while (0)

/* Of a function that records what happens often: in line in checking builds, which usually trace; elsewhere a
 * call, which costs nothing while the trace is off. */
#if CONFIG_DEBUG_CHECKS
#define TRACE_OFTEN __attribute__((always_inline)) inline
#else
#define TRACE_OFTEN __attribute__((noinline, unused))
#endif

/* Whether events are recorded. A macro: without the trace, no compiler keeps what it guards. */
#define TRACE_IS_ON() (CONFIG_TRACE && __builtin_expect(trace_ring.on != 0, 0))

#endif
