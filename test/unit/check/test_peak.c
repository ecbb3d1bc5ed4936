/* SPDX-License-Identifier: MIT */
/*
 * peak.c: maxima are recorded with what caused them, and those beyond their bounds are reported.
 */
#include "check/peak.h"

#include "host_console.h"
#include "journal.h"
#include "lib/util.h"
#include "watch/backtrace.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define STACK 8192u
#define TICK 1000u

static uint32_t time_per_round = 2, odd_loop; /* the number of a loop that takes longer; 0: none */
static unsigned loops;
uint32_t host_tsc;

void cpu_loop(uint32_t rounds)
{
    host_tsc += rounds * time_per_round + (++loops == odd_loop);
}

struct trace_ring trace_ring = {.on = 1, .tsc_per_tick = TICK};

int trace_pid(void)
{
    return 300;
}

void trace_record4(enum trace_event event, const uint32_t words[4])
{
    CHECK_EQ(event, TRACE_peak);
    note("peak %u %u %u %u", words[0], words[1], words[2], words[3]);
}

void backtrace_print_caller(uintptr_t address)
{
    kprintf("<%u>", (unsigned)address);
}

static uint32_t words[STACK / sizeof(uint32_t)];
static const uintptr_t base = (uintptr_t)words;

static void start(void)
{
    peak_irq_off_max = peak_stretch_max = 0;
    peak_stretch_eip = 0;
    trace_ring.tsc_per_tick = TICK;
    journal_clear();
}

TEST(a_new_maximum_is_recorded_with_its_cause)
{
    start();
    peak_irq_off(70, 7);
    peak_irq_off(60, 8);
    peak_irq_off(70, 9);
    peak_irq_off(71, 10);
    CHECK_STEPS("peak 0 70 300 7", "peak 0 71 300 10");
    CHECK_EQ(peak_irq_off_max, 71);
}

TEST(a_stretch_is_where_an_interrupt_found_it)
{
    start();
    peak_stretch_raise(50, 3);
    peak_stretch_eip = 99;
    peak_stretch_raise(60, 4);
    CHECK_EQ(peak_stretch_max, 60);
    CHECK_STEPS("peak 1 50 300 3", "peak 1 60 300 99");
}

TEST(nothing_counts_before_a_tick_is_known)
{
    start();
    trace_ring.tsc_per_tick = 0;
    peak_irq_off(70, 7);
    peak_stretch_raise(50, 3);
    CHECK_STR_EQ(journal, "");
    CHECK(peak_irq_off_max == 0 && peak_stretch_max == 0);
}

static void steady(uint32_t per_round, uint32_t odd)
{
    time_per_round = per_round;
    odd_loop = odd;
    loops = 0;
    host_tsc = UINT32_MAX - 9; /* it wraps */
    peak_clock_known();
    CHECK(odd != 0 || loops == 32);
}

#define TOO_LONG "interrupts were off for 5000 counts of the time stamp counter, more than 5 ticks"

TEST(too_long_a_time_is_reported_if_the_clock_is_steady)
{
    start();
    peak_irq_off(100 * TICK, 7); /* not known yet whether it is */
    for (uint32_t loop = 1; loop <= 32; loop++) {
        start();
        steady(2, loop);
        peak_irq_off(100 * TICK, 7);
    }
    start();
    steady(0, 0);
    peak_irq_off(100 * TICK, 7);
    start();
    steady(2, 0);
    peak_irq_off(5 * TICK - 1, 7);
    CHECK(PANICS(TOO_LONG, peak_irq_off(5 * TICK, 7)));
    CHECK(PANICS("    since <7>\n# the report ends\n", peak_irq_off(5 * TICK, 7)));
    journal_clear();
}

TEST(the_unused_part_of_a_stack_is_measured)
{
    start();
    peak_stack_paint(base, STACK);
    CHECK_EQ(words[0], words[STACK / 4 - 1]);
    peak_stack_used(base, STACK, 2);
    CHECK_STR_EQ(journal, ""); /* nothing is used */
    words[STACK / 4 - 10] = 0;
    peak_stack_used(base, STACK, 3);
    CHECK_STEPS("peak 2 40 3 0");
    peak_stack_used(base, STACK, 4); /* no deeper */
    CHECK_STR_EQ(journal, "");
    words[STACK / 4 - 138] = 0; /* the lowest word of the window of 512 bytes */
    peak_stack_used(base, STACK, 5);
    CHECK_STEPS("peak 2 552 5 0");
    words[STACK / 4 - 300] = 0; /* below the window: not looked at */
    peak_stack_used(base, STACK, 6);
    CHECK_STR_EQ(journal, "");
    words[STACK / 4 - 139] = 0;
    peak_stack_used(base, STACK, 7);
    CHECK_STEPS("peak 2 1200 7 0");
}

TEST(all_maxima_are_recorded_at_the_end)
{
    start();
    peak_irq_off(70, 7);
    peak_stretch_raise(50, 3);
    journal_clear();
    peak_trace();
    CHECK_STEPS("peak 0 70 300 7", "peak 1 50 300 3", "peak 2 1200 7 0");
}

TEST(too_deep_a_stack_is_reported)
{
    start();
    peak_stack_paint(base, STACK);
    for (size_t i = 128; i < STACK / 4; i++)
        words[i] = 0;
    peak_stack_used(base, STACK, 8); /* 512 bytes are left */
    CHECK_STEPS("peak 2 7680 8 0");
    words[127] = 0;
    CHECK(PANICS("pid 9 left 508 bytes of its kernel stack of 8192 unused: fewer than 512",
                 peak_stack_used(base, STACK, 9)));
    memset(words, 0, sizeof(words));
    CHECK(PANICS("pid 9 left 0 bytes of its kernel stack", peak_stack_used(base, STACK, 9)));
}
