/* SPDX-License-Identifier: MIT */
/*
 * pit.c with a simulated 8254 (Intel 8254 data sheet): the mode and the divisor that it is given, and the
 * measurement, which ends on a counter that stands still or is not there (D109).
 */
#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "dev/pit.h"
#include "unit.h"

#define DIVISOR 11932u /* 1193182 Hz / 100 Hz */

static uint8_t written[3];
static unsigned writes, latches, reads, step, counter;
static uint64_t now, tsc_per_count = 10;

void io_out8(uint16_t port, uint8_t value)
{
    if (port == 0x43 && value == 0x00) {
        counter = counter > step ? counter - step : counter + DIVISOR - step;
        now += tsc_per_count * step;
        latches++;
        return;
    }
    CHECK(writes < 3 && port == (writes == 0 ? 0x43 : 0x40));
    written[writes++] = value;
}

uint8_t io_in8(uint16_t port)
{
    CHECK_EQ(port, 0x40);
    return (uint8_t)(reads++ % 2 == 0 ? counter : counter >> 8);
}

uint64_t cpu_tsc(void)
{
    return now;
}

static uint32_t measure(unsigned first, unsigned steps)
{
    latches = reads = 0;
    counter = first;
    step = steps;
    return pit_measure_tsc();
}

TEST(it_counts_a_hundredth_of_a_second_over_and_over)
{
    writes = 0;
    pit_init();
    CHECK_EQ(writes, 3);
    CHECK_EQ(written[0], 0x34); /* counter 0, low byte then high, mode 2, binary */
    CHECK_EQ(written[1] | written[2] << 8, DIVISOR);
}

/* Ten counts of the time stamp counter for each of the PIT's, also if it starts over meanwhile. */
TEST(a_tick_is_measured)
{
    CHECK_EQ(measure(DIVISOR, 7), 10 * DIVISOR);
    CHECK_EQ(measure(100, 7), 10 * DIVISOR);
    CHECK(latches > 298 / 7 && latches < 298 / 7 + 4);
}

TEST(a_tick_is_measured_on_slow_and_fast_machines)
{
    static const unsigned rates[] = {1, 28, 839, 4000}; /* 1.2 MHz to 4.8 GHz */
    for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        tsc_per_count = rates[i];
        CHECK_EQ(measure(5000, 7), rates[i] * DIVISOR);
    }
    tsc_per_count = 10;
}

TEST(a_quarter_of_a_millisecond_is_enough)
{
    CHECK_EQ(measure(5000, 298), 10 * DIVISOR);
    CHECK_EQ(latches, 2);
}

/* The counter starts over at the divisor itself. */
TEST(the_divisor_is_a_count)
{
    CHECK_EQ(measure(14, 7), 10 * DIVISOR);
}

TEST(a_counter_that_stands_still_ends_it)
{
    CHECK_EQ(measure(5000, 0), 0);
    CHECK(latches > 100000);
}

TEST(a_counter_that_is_not_there_ends_it_at_once)
{
    CHECK_EQ(measure(0xFFFF, 0), 0);
    CHECK_EQ(latches, 2);
}
