/* SPDX-License-Identifier: MIT */
/*
 * power - tries three ways to power off, one after the other.
 */
#include "dev/power.h"
#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "dev/uart.h"

#define DEBUG_EXIT 0xF4

/* PM1a control of the chipsets that QEMU and Bochs emulate: SLP_EN with the sleep type of S5, which is 0
 * there (ACPI 6.0, 4.8.3.2.1). */
#define PIIX4_PM1A_CONTROL 0x604
#define BOCHS_PM1A_CONTROL 0xB004
#define SLP_EN 0x2000

void power_off(enum power_status status)
{
    cpu_cli();
    uart_drain();
    io_out8(DEBUG_EXIT, (uint8_t)status);
    io_out16(PIIX4_PM1A_CONTROL, SLP_EN);
    io_out16(BOCHS_PM1A_CONTROL, SLP_EN);
    for (;;)
        cpu_hlt();
}
