/* SPDX-License-Identifier: MIT */
/*
 * power - tries three ways to power off, one after the other.
 */
#include "dev/power.h"
#include "arch/i386/cpu.h"
#include "arch/i386/io.h"
#include "dev/console.h"
#include "dev/uart.h"
#include "dev/watchdog.h"

#define DEBUG_EXIT 0xF4

/* PM1a control of the chipsets that QEMU and Bochs emulate: SLP_EN with the sleep type of S5, which is 0
 * there (ACPI 6.0, 4.8.3.2.1). */
#define PIIX4_PM1A_CONTROL 0x604
#define BOCHS_PM1A_CONTROL 0xB004
#define SLP_EN 0x2000

/* Reading a port of no device gives all ones. */
static bool nothing_at(uint16_t port)
{
    return io_in16(port) == 0xFFFF;
}

void power_off(enum power_status status)
{
    cpu_cli();
    watchdog_stop();
    uart_drain();
    io_out8(DEBUG_EXIT, (uint8_t)status);
    if (nothing_at(PIIX4_PM1A_CONTROL) && nothing_at(BOCHS_PM1A_CONTROL))
        kprintf("this machine cannot be switched off by software: end it from outside (QEMU switches off "
                "with -device isa-debug-exit,iobase=0xf4,iosize=0x04)\n");
    io_out16(PIIX4_PM1A_CONTROL, SLP_EN);
    io_out16(BOCHS_PM1A_CONTROL, SLP_EN);
    for (;;)
        cpu_hlt();
}
