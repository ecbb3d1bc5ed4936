/* SPDX-License-Identifier: MIT */
/*
 * ide_dma - the bus master of SFF-8038i, as in the Intel 82371SB (PIIX3) data sheet, 2.3 and 3.2.
 */
#include "dev/ide_dma.h"

#include <stdint.h>

#include <ucow/abi.h>

#include "arch/i386/io.h"

/* PCI configuration space, mechanism 1: PCI 2.1, 3.7.4 and 6.1. */
#define PCI_CONFIG_ADDRESS 0xCF8
#define PCI_CONFIG_DATA 0xCFC
#define PCI_CONFIG_ENABLE 0x80000000u
#define FUNCTIONS 256 /* of bus 0: 32 devices of 8 */
#define PCI_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_CLASS 0x08
#define PCI_BAR4 0x20
#define ID_NONE 0xFFFFFFFFu
#define COMMAND_IO_AND_MASTER 0x5u
#define CLASS_MASK 0xFFFF8100u /* IDE; bus master; first channel at the legacy ports */
#define CLASS_WANTED 0x01018000u
#define FREE_PORTS 0xC000 /* no ISA device answers there: bits 8 and 9 are 0 */

/* Registers, at BAR 4. */
#define COMMAND 0
#define STATUS 2
#define TABLE 4
#define COMMAND_START 0x01
#define COMMAND_TO_MEMORY 0x08
#define STATUS_ACTIVE 0x01
#define STATUS_ERROR 0x02
#define STATUS_CLEAR 0x06 /* error and interrupt: cleared by writing 1 */

/* The descriptor table: address and size of each block. It must not cross a 64 KiB boundary. */
#define LAST_ENTRY 0x80000000u
static _Alignas(8) struct {
    uint32_t address;
    uint32_t bytes;
} table[1];

static uint16_t base;
static uint8_t direction;

static uint32_t config_read(unsigned function, unsigned reg)
{
    io_out32(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE | function << 8 | reg);
    return io_in32(PCI_CONFIG_DATA);
}

static void config_write(unsigned function, unsigned reg, uint32_t value)
{
    io_out32(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE | function << 8 | reg);
    io_out32(PCI_CONFIG_DATA, value);
}

/* Returns the port of the function's registers; 0 if it has none. Firmware that sets up no PCI devices, such
 * as qboot, leaves BAR 4 at 0; then the registers are moved to FREE_PORTS. */
static uint16_t place_registers(unsigned function)
{
    uint16_t address = (uint16_t)(config_read(function, PCI_BAR4) & ~3u);
    if (address != 0)
        return address;
    config_write(function, PCI_BAR4, FREE_PORTS);
    return (uint16_t)(config_read(function, PCI_BAR4) & ~3u);
}

bool ide_dma_init(void)
{
    for (unsigned function = 0; function < FUNCTIONS; function++) {
        if (config_read(function, PCI_ID) == ID_NONE ||
            (config_read(function, PCI_CLASS) & CLASS_MASK) != CLASS_WANTED)
            continue;
        base = place_registers(function);
        /* The upper half is the status; writing 1 would clear its bits. */
        uint32_t command = config_read(function, PCI_COMMAND) & 0xFFFF;
        config_write(function, PCI_COMMAND, command | COMMAND_IO_AND_MASTER);
        return base != 0;
    }
    return false;
}

void ide_dma_prepare(paddr_t frame, bool to_memory)
{
    table[0].address = frame;
    table[0].bytes = LAST_ENTRY | PAGE_SIZE;
    direction = to_memory ? COMMAND_TO_MEMORY : 0;
    io_out32(base + TABLE, virt_to_phys(table));
    io_out8(base + COMMAND, direction);
    io_out8(base + STATUS, STATUS_CLEAR);
}

void ide_dma_start(void)
{
    io_out8(base + COMMAND, direction | COMMAND_START);
}

void ide_dma_stop(void)
{
    io_out8(base + COMMAND, direction);
}

bool ide_dma_active(void)
{
    return (io_in8(base + STATUS) & STATUS_ACTIVE) != 0;
}

bool ide_dma_failed(void)
{
    return (io_in8(base + STATUS) & STATUS_ERROR) != 0;
}
