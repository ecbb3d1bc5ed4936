/* SPDX-License-Identifier: MIT */
/*
 * lockup - counts ticks in one stretch of kernel code, and NMIs without a tick between them.
 */
#include "check/lockup.h"

#include <ucow/abi.h>

#include "check/peak.h"
#include "dev/console.h"
#include "dev/watchdog.h"
#include "watch/panic.h"
#include "watch/trace.h"

#define NMIS_MAX 2

static uint32_t stretch; /* when the stretch began that the last tick interrupted */
static unsigned ticks;   /* how many in a row have interrupted it */
static uint64_t last_tick;
static unsigned nmis; /* since then */

void lockup_init(void)
{
    watchdog_init();
}

_Noreturn static void report_loop(const struct report *report)
{
    kprintf("    the backtrace shows a loop that does not end, or a wait for what cannot happen meanwhile\n");
    report_end(report);
}

void lockup_tick(const struct trapframe *tf)
{
    watchdog_restart();
    last_tick = cpu_tsc();
    nmis = 0;
    if (trap_from_user(tf) || peak_stretch_since != stretch)
        ticks = 0;
    stretch = peak_stretch_since;
    if (++ticks < LOCKUP_TICKS)
        return;
    const struct report report = report_trap(REPORT_CHECK, tf);
    report_begin(&report, "the kernel has run for %u ticks without a point at which others may run",
                 LOCKUP_TICKS);
    report_loop(&report);
}

bool lockup_nmi(const struct trapframe *tf)
{
    uint64_t second = (uint64_t)TICK_HZ * trace_ring.tsc_per_tick;
    if (last_tick == 0 || cpu_tsc() - last_tick < second)
        return false;
    watchdog_restart();
    if (++nmis < NMIS_MAX)
        return true;
    const struct report report = report_trap(REPORT_CHECK, tf);
    report_begin(&report, "the timer could not interrupt for %u seconds: interrupts are %s",
                 NMIS_MAX * WATCHDOG_SECONDS, tf->eflags & EFLAGS_IF ? "on, but none comes" : "off");
    report_loop(&report);
}
