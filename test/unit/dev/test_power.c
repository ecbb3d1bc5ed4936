/* SPDX-License-Identifier: MIT */
/*
 * power.c: the ways to power off are tried in order, and a machine that has none says so.
 */
#include "dev/power.h"

#include <setjmp.h>

#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "host_console.h"
#include "journal.h"

#define ALL_ONES 0xFFFF /* of a port without a device */

bool host_interrupts_on;
static jmp_buf halted;
static unsigned halts;
static uint16_t device_at; /* a port that has one */

/* With interrupts on the timer would start it again. */
void watchdog_stop(void)
{
    CHECK(!host_interrupts_on);
    note("watchdog_stop");
}

void uart_drain(void)
{
    note("uart_drain");
}

void io_out8(uint16_t port, uint8_t value)
{
    note("out8 %x %x", port, value);
}

void io_out16(uint16_t port, uint16_t value)
{
    note("out16 %x %x", port, value);
}

uint16_t io_in16(uint16_t port)
{
    return port == device_at ? 0 : ALL_ONES;
}

/* An interrupt that is no reset, an NMI, ends it: the machine must stay halted. */
void cpu_hlt(void)
{
    CHECK(!host_interrupts_on);
    if (++halts == 2)
        longjmp(halted, 1);
}

static void off(uint16_t device, enum power_status status)
{
    device_at = device;
    halts = 0;
    host_interrupts_on = true;
    console_clear();
    if (setjmp(halted) == 0)
        power_off(status);
}

TEST(three_ways_are_tried)
{
    off(0x604, POWER_PANIC);
    CHECK_STEPS("watchdog_stop", "uart_drain", "out8 f4 12", "out16 604 2000", "out16 b004 2000");
    CHECK_STR_EQ(console, "");
    off(0xB004, POWER_PASSED);
    CHECK_STEPS("watchdog_stop", "uart_drain", "out8 f4 10", "out16 604 2000", "out16 b004 2000");
    CHECK_STR_EQ(console, "");
}

/* D132 */
TEST(a_machine_that_stays_on_says_so)
{
    off(0, POWER_PASSED);
    CHECK(console_has("this machine cannot be switched off by software"));
}
