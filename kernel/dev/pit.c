/*
 * pit - Intel 8254 data sheet: counter 0, mode 2.
 */
#include "dev/pit.h"

#include <ucow/layout.h>

#include "arch/i386/io.h"

#define COUNTER0 0x40
#define CONTROL 0x43
#define COUNTER0_LOW_HIGH_MODE2 0x34
#define INPUT_HZ 1193182

void pit_init(void)
{
    const unsigned divisor = (INPUT_HZ + TICK_HZ / 2) / TICK_HZ;
    io_out8(CONTROL, COUNTER0_LOW_HIGH_MODE2);
    io_out8(COUNTER0, divisor & 0xFF);
    io_out8(COUNTER0, divisor >> 8);
}
