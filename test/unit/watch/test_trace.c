/* SPDX-License-Identifier: MIT */
/*
 * trace.c: what a record has, the ring, and drafts that are taken back.
 */
#include "watch/trace.h"

#include <string.h>

#include "arch/i386/cpu.h"
#include "lib/util.h"
#include "unit.h"
#include "watch/trace_record.h"

#define RECORDS 8u

bool host_interrupts_on = true;

static _Alignas(64) struct trace_record ring[RECORDS + 1]; /* the last is not the ring's */
static size_t frames = 4711;
static uint64_t now;

static struct trace_record stamped; /* the record as it was when it got its stamp, just before it counts */

uint64_t cpu_tsc(void)
{
    stamped = ring[trace_ring.next % RECORDS];
    return now += 0x100000001;
}

static void start(void)
{
    memset(ring, 0xEE, sizeof(ring));
    now = 5;
    trace_init(ring, 0x123000, RECORDS * sizeof(ring[0]) + sizeof(ring[0]) / 2);
    trace_ring.next = 0;
    trace_watch_free(&frames);
    trace_set_pid(300);
    trace_enable(true);
    host_interrupts_on = true;
}

static void check_record(size_t i, unsigned event, const uint32_t *words, size_t n)
{
    CHECK_EQ(ring[i].event, event);
    CHECK_EQ(ring[i].cpu, 0);
    CHECK_EQ(ring[i].pid, 300);
    CHECK_EQ(ring[i].stamp, now);
    CHECK_EQ(memcmp(&stamped.head, &ring[i].head, sizeof(stamped) - offsetof(struct trace_record, head)), 0);
    for (size_t k = 0; k < n; k++)
        CHECK_EQ(ring[i].arg[k], words[k]);
}

TEST(the_ring_is_described_for_tools)
{
    start();
    CHECK_EQ(trace_ring.magic, TRACE_MAGIC);
    CHECK_EQ(trace_ring.version, TRACE_VERSION);
    CHECK_EQ(trace_ring.record_bytes, 32);
    CHECK_EQ(trace_ring.capacity, RECORDS);
    CHECK_EQ(trace_ring.buffer_pa, 0x123000);
    CHECK_EQ(trace_ring.on, 1);
    CHECK_EQ(trace_ring.boot_tsc, 0x100000006);
    trace_set_clock(99);
    CHECK_EQ(trace_ring.tsc_per_tick, 99);
    uint32_t ticks = trace_ring.ticks;
    trace_tick();
    CHECK_EQ(trace_ring.ticks, ticks + 1);
    CHECK_EQ(trace_pid(), 300);
    trace_set_pid(65535);
    CHECK_EQ(trace_pid(), 65535);
}

TEST(a_run_of_records_lies_side_by_side_and_counts_at_once)
{
    start();
    for (; trace_ring.next < 2 * RECORDS; trace_ring.next++)
        CHECK_EQ(trace_has_run(3), trace_ring.next % RECORDS <= RECORDS - 3);
    trace_ring.next += RECORDS - 3;
    struct trace_record *record = trace_begin_run();
    CHECK_EQ(record, &ring[RECORDS - 3]);
    trace_publish_run(record, 3);
    CHECK_EQ(trace_ring.next, 3 * RECORDS);
    for (size_t i = RECORDS - 3; i < RECORDS; i++) {
        CHECK_EQ(ring[i].stamp, now);
        CHECK_EQ(ring[i].arg[4], 4711);
    }
    CHECK_EQ(ring[RECORDS - 4].arg[4], 0xEEEEEEEE);
    CHECK_EQ(ring[RECORDS].arg[4], 0xEEEEEEEE);
}

TEST(a_record_has_its_words_and_the_free_frames)
{
    const uint32_t words[] = {11, 12, 13, 14, 15}, four[] = {11, 12, 13, 14, 4711};
    start();
    trace_record2(TRACE_kill, 11, 12);
    check_record(0, TRACE_kill, four, 2);
    CHECK_EQ(ring[0].arg[4], 4711);
    trace_record3(TRACE_fork, 11, 12, 13);
    check_record(1, TRACE_fork, four, 3);
    CHECK_EQ(ring[1].arg[4], 4711);
    trace_record4(TRACE_map, words);
    check_record(2, TRACE_map, four, 5);
    trace_record5(TRACE_exec, words);
    check_record(3, TRACE_exec, words, 5);
    trace_record_irq_off(TRACE_state, 11, 12, 13);
    check_record(4, TRACE_state, four, 3);
    CHECK_EQ(ring[4].arg[4], 4711);
    CHECK_EQ(trace_ring.next, 5);
    CHECK(host_interrupts_on);
    host_interrupts_on = false;
    trace_record2(TRACE_kill, 11, 12);
    trace_record3(TRACE_fork, 11, 12, 13);
    trace_record4(TRACE_map, words);
    trace_record5(TRACE_exec, words);
    CHECK(!host_interrupts_on);
}

TEST(the_oldest_is_overwritten)
{
    start();
    for (uint32_t i = 0; i < RECORDS + 2; i++)
        trace_record2(TRACE_kill, i, 0);
    CHECK_EQ(trace_ring.next, RECORDS + 2);
    CHECK_EQ(ring[0].arg[0], RECORDS);
    CHECK_EQ(ring[1].arg[0], RECORDS + 1);
    CHECK_EQ(ring[2].arg[0], 2);
    CHECK_EQ(ring[RECORDS].event, 0xEE);
}

TEST(without_room_for_a_record_nothing_is_recorded)
{
    start();
    trace_enable(false);
    CHECK_EQ(trace_ring.on, 0);
    trace_init(ring, 0, sizeof(ring[0]) - 1);
    trace_enable(true);
    CHECK_EQ(trace_ring.on, 0);
    trace_begin_draft();
    CHECK_EQ(trace_ring.on, 0);
    trace_end_draft(true);
    CHECK_EQ(trace_ring.on, 0);
}

TEST(a_draft_is_kept_or_taken_back)
{
    start();
    trace_record2(TRACE_kill, 1, 0);
    trace_begin_draft();
    CHECK_EQ(trace_ring.on, TRACE_DRAFT);
    trace_record2(TRACE_kill, 2, 0);
    trace_end_draft(false);
    CHECK_EQ(trace_ring.next, 1);
    CHECK_EQ(trace_ring.on, 1);
    trace_begin_draft();
    trace_record2(TRACE_kill, 2, 0);
    trace_end_draft(true);
    CHECK_EQ(trace_ring.next, 2);
    CHECK_EQ(trace_ring.on, 1);
    trace_enable(false);
    trace_begin_draft();
    CHECK_EQ(trace_ring.on, 0);
    trace_end_draft(true);
    CHECK_EQ(trace_ring.on, 0);
}

TEST(a_draft_has_half_the_ring)
{
    start();
    trace_ring.next = RECORDS / 2 - 1;
    trace_begin_draft();
    CHECK_EQ(trace_ring.on, TRACE_DRAFT);
    trace_end_draft(false);
    trace_ring.next = RECORDS / 2;
    trace_begin_draft();
    CHECK_EQ(trace_ring.on, 0);
    trace_end_draft(false);
    CHECK_EQ(trace_ring.on, 1);
    CHECK_EQ(trace_ring.next, RECORDS / 2);
}

extern const char trace_format[];

TEST(tools_learn_the_names)
{
    CHECK_EQ(strncmp(trace_format, "spare free\n", 11), 0);
    CHECK(strstr(trace_format, "\nevent 1 fork parent child flags:x\n") != NULL);
    CHECK(strstr(trace_format, "\nsyscall 2 fork\n") != NULL);
    CHECK(strstr(trace_format, "\nlinux 2 fork\n") != NULL);
    CHECK(strstr(trace_format, "\nenum ") != NULL);
}
