/* SPDX-License-Identifier: MIT */
/*
 * pit - Intel 8254 data sheet: counter 0, mode 2.
 */
#include "dev/pit.h"

#include <ucow/abi.h>

#include "arch/i386/cpu.h"
#include "arch/i386/io.h"

#define COUNTER0 0x40
#define CONTROL 0x43
#define COUNTER0_LOW_HIGH_MODE2 0x34
#define COUNTER0_LATCH 0x00
#define INPUT_HZ 1193182
#define READS_MAX 1000000 /* takes a second at least; a PIT needs a quarter of a millisecond */
#define DIVISOR ((INPUT_HZ + TICK_HZ / 2) / TICK_HZ)

void pit_init(void)
{
    io_out8(CONTROL, COUNTER0_LOW_HIGH_MODE2);
    io_out8(COUNTER0, DIVISOR & 0xFF);
    io_out8(COUNTER0, DIVISOR >> 8);
}

/* The counter, which runs from DIVISOR down to 1 and starts over. */
static uint32_t read_counter(void)
{
    io_out8(CONTROL, COUNTER0_LATCH);
    uint32_t low = io_in8(COUNTER0);
    return low | (uint32_t)io_in8(COUNTER0) << 8;
}

uint32_t pit_measure_tsc(void)
{
    uint32_t first = read_counter(), counted = 0;
    uint64_t start = cpu_tsc();
    for (unsigned reads = 0; counted < INPUT_HZ / 4000;
         reads++) { /* 0.25 ms: right to a third of a percent */
        uint32_t now = read_counter();
        if (reads == READS_MAX || now > DIVISOR)
            return 0;
        counted = first >= now ? first - now : first + DIVISOR - now;
    }
    uint32_t passed = (uint32_t)(cpu_tsc() - start);
    return (uint32_t)((uint64_t)(passed * 64 / counted) * DIVISOR / 64);
}
