/* SPDX-License-Identifier: MIT */
/*
 * lockup.c with watchdog.c: kernel code that keeps the CPU for good is reported; a host that stood still, a
 * long run of a program, and NMIs of others are not. (D117)
 */
#include "check/lockup.h"

#include <ucow/abi.h>

#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "check/peak.h"
#include "dev/watchdog.h"
#include "host_console.h"
#include "journal.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define TICK 1000u
#define SECOND (uint64_t)(TICK_HZ * TICK)
#define RESTARTED "out 443 14"
#define LOOPS "the kernel has run for 300 ticks without a point at which others may run"
#define OFF "the timer could not interrupt for 4 seconds: interrupts are off"

struct trace_ring trace_ring = {.tsc_per_tick = TICK};
uint32_t peak_stretch_since;
static uint64_t tsc = 1;
static uint32_t hypervisor = 0x54474354; /* the letters TCGT */

uint64_t cpu_tsc(void)
{
    return tsc;
}

struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    CHECK(leaf == 0x40000000 && subleaf == 0);
    return (struct cpuid_result){.ebx = hypervisor};
}

void io_out8(uint16_t port, uint8_t value)
{
    note("out %x %u", port, value);
}

struct report report_trap(enum report_kind kind, const struct trapframe *tf)
{
    return (struct report){.kind = kind, .tf = tf};
}

static const struct trapframe kernel_off = {.cs = SEL_KERNEL_TEXT, .eflags = EFLAGS_FIXED},
                              kernel_on = {.cs = SEL_KERNEL_TEXT, .eflags = EFLAGS_IF},
                              program = {.cs = SEL_USER_TEXT, .eflags = EFLAGS_IF};

static void start(uint32_t answer)
{
    hypervisor = answer;
    lockup_init();
    journal_clear();
}

/* `n` ticks of the timer. */
static void ticks(unsigned n, const struct trapframe *tf)
{
    while (n-- > 0) {
        tsc += TICK;
        lockup_tick(tf);
    }
}

TEST(only_the_card_of_qemu_is_written_to)
{
    start(0x4b4d564b); /* KVMK */
    ticks(1, &program);
    watchdog_stop();
    CHECK_STR_EQ(journal, "");
    start(0x54474354);
    ticks(2, &program);
    CHECK_STEPS(RESTARTED, RESTARTED);
    watchdog_stop();
    CHECK_STEPS("out 441 0");
}

TEST(a_stretch_of_300_ticks_is_reported)
{
    peak_stretch_since = 5;
    ticks(1, &program);
    peak_stretch_since = 7;
    ticks(299, &kernel_on);
    CHECK(PANICS(LOOPS, ticks(1, &kernel_on)));
    CHECK(PANICS("a loop that does not end", ticks(1, &kernel_on)));
    peak_stretch_since = 8; /* a point */
    ticks(299, &kernel_on);
    ticks(1, &program); /* the same time by chance */
    ticks(298, &kernel_on);
    CHECK(PANICS(LOOPS, ticks(1, &kernel_on)));
}

TEST(a_program_may_run_for_as_long_as_it_likes)
{
    ticks(10000, &program);
}

TEST(two_nmis_without_a_tick_are_reported)
{
    ticks(1, &kernel_on);
    journal_clear();
    tsc += 2 * SECOND;
    CHECK(lockup_nmi(&kernel_off));
    CHECK_STEPS(RESTARTED);
    tsc += 2 * SECOND;
    CHECK(PANICS(OFF, lockup_nmi(&kernel_off)));
    CHECK(PANICS("interrupts are on, but none comes", lockup_nmi(&kernel_on)));
}

TEST(a_host_that_stood_still_is_not_reported)
{
    ticks(1, &kernel_off);
    for (int i = 0; i < 10; i++) {
        tsc += 100 * SECOND;
        CHECK(lockup_nmi(&kernel_off));
        ticks(1, &kernel_off);
    }
}

TEST(the_nmi_of_another_device_is_not_ours)
{
    ticks(1, &program);
    journal_clear();
    tsc += SECOND - 1;
    for (int i = 0; i < 10; i++)
        CHECK(!lockup_nmi(&kernel_off));
    CHECK_STR_EQ(journal, "");
}

/* Above 4.29 GHz a second has more counts than 32 bits hold. */
TEST(a_second_of_a_fast_machine_is_a_second)
{
    trace_ring.tsc_per_tick = 50000000;
    ticks(1, &program);
    tsc += 4999999000;
    CHECK(!lockup_nmi(&kernel_off));
    tsc += 1000 + TICK;
    CHECK(lockup_nmi(&kernel_off));
    trace_ring.tsc_per_tick = TICK;
}
