/* SPDX-License-Identifier: MIT */
/*
 * ide - ATA/ATAPI-6 (T13/1410D): 28-bit addresses; DMA if there is a bus master, otherwise PIO.
 *
 * Between two calls drive 1 is selected, its interrupts are off and it expects a command; a call that leaves
 * it in another state resets it. Its write cache is never flushed, because reads see its contents, and
 * swapped pages need not survive power-off.
 */
#include "dev/ide.h"

#include <stddef.h>

#include <ucow/abi.h>

#include "arch/i386/io.h"
#include "arch/i386/linear.h"
#include "dev/console.h"
#include "dev/ide_dma.h"
#include "lib/util.h"
#include "watch/assert.h"

/* The first channel; 6.2 and 7 of the standard. */
#define DATA 0x1F0
#define SECTOR_COUNT 0x1F2
#define LBA_LOW 0x1F3
#define LBA_MID 0x1F4
#define LBA_HIGH 0x1F5
#define DEVICE 0x1F6
#define COMMAND 0x1F7
#define STATUS 0x3F6 /* the alternate status: the same bits, but reading it acknowledges no interrupt */
#define CONTROL 0x3F6

#define DEVICE_1_LBA 0xF0 /* bits 7 and 5 were required by older standards */
#define CONTROL_NO_INTERRUPTS 0x02
#define CONTROL_RESET 0x04

#define STATUS_ERROR 0x01
#define STATUS_DATA 0x08 /* DRQ: ready to transfer a block */
#define STATUS_FAULT 0x20
#define STATUS_BUSY 0x80 /* the other bits are invalid */

#define READ_SECTORS 0x20
#define WRITE_SECTORS 0x30
#define READ_MULTIPLE 0xC4
#define WRITE_MULTIPLE 0xC5
#define SET_MULTIPLE_MODE 0xC6
#define READ_DMA 0xC8
#define WRITE_DMA 0xCA
#define IDENTIFY_DEVICE 0xEC

/* Words of the data of IDENTIFY DEVICE: 8.15. */
#define ID_WORDS 256
#define ID_MULTIPLE_MAX 47 /* in the low byte */
#define ID_CAPABILITIES 49
#define ID_SECTORS_LOW 60
#define ID_SECTORS_HIGH 61
#define CAN_LBA 0x0200
#define CAN_DMA 0x0100

#define SECTOR_BYTES 512
#define PAGE_SECTORS (PAGE_SIZE / SECTOR_BYTES)

/* A read of STATUS takes 100 ns at least, and about a microsecond on most machines. */
#define READS_SELECT 4          /* 400 ns, after which STATUS reflects the command */
#define READS_SETTLE 1          /* after a block of data: 9.5 */
#define READS_RESET 50          /* 5 us, the length of a reset */
#define READS_RESTART 20000     /* 2 ms, the wait after a reset */
#define READS_PATIENCE 10000000 /* seconds: longer than a working drive is busy */

#define WANTED "swap needs a disk as -drive file=FILE,format=raw,if=ide,index=1 makes one"

static uint32_t pages;
static unsigned block_sectors; /* sectors per block of data: a page, or one */
static bool dma;               /* transfers use the bus master */
static bool patient;           /* the bus master is stopped after the transfer, not at once */
static bool lost;              /* a reset did not help: all further calls fail at once */

static void wait_reads(unsigned reads)
{
    while (reads-- > 0)
        io_in8(STATUS);
}

/* Wait until the drive is not busy. Returns its status, with STATUS_BUSY set after a timeout. */
static uint8_t wait_done(void)
{
    uint8_t status = STATUS_BUSY;
    wait_reads(READS_SETTLE);
    for (unsigned reads = 0; (status & STATUS_BUSY) && reads < READS_PATIENCE; reads++)
        status = io_in8(STATUS);
    return status;
}

/* Wait until the drive is ready to transfer a block of data. */
static bool wait_data(void)
{
    return (wait_done() & (STATUS_BUSY | STATUS_FAULT | STATUS_DATA | STATUS_ERROR)) == STATUS_DATA;
}

/* Wait until the drive has completed a command; false if it failed. */
static bool wait_success(void)
{
    return (wait_done() & (STATUS_BUSY | STATUS_FAULT | STATUS_DATA | STATUS_ERROR)) == 0;
}

static void select_drive(uint8_t lba_bits)
{
    io_out8(DEVICE, DEVICE_1_LBA | lba_bits);
    wait_reads(READS_SELECT);
}

/* Send a command for `sectors` sectors from `lba` on to the selected drive; select_drive() has set bits 24 to
 * 27 of `lba`. */
static void command(uint8_t code, uint32_t lba, unsigned sectors)
{
    io_out8(SECTOR_COUNT, (uint8_t)sectors);
    io_out8(LBA_LOW, (uint8_t)lba);
    io_out8(LBA_MID, (uint8_t)(lba >> 8));
    io_out8(LBA_HIGH, (uint8_t)(lba >> 16));
    io_out8(COMMAND, code);
    wait_reads(READS_SELECT);
}

/* Let the drive transfer whole pages as blocks, if its maximum, `most` sectors, allows it. */
static void choose_block(unsigned most)
{
    block_sectors = 1;
    if (most < PAGE_SECTORS)
        return;
    command(SET_MULTIPLE_MODE, 0, PAGE_SECTORS);
    if (wait_success())
        block_sectors = PAGE_SECTORS;
}

/* After a failure, reset a drive that is still busy, so that it accepts the next command. */
static void recover(void)
{
    if (!(io_in8(STATUS) & (STATUS_BUSY | STATUS_DATA)))
        return;
    io_out8(CONTROL, CONTROL_RESET | CONTROL_NO_INTERRUPTS);
    wait_reads(READS_RESET);
    io_out8(CONTROL, CONTROL_NO_INTERRUPTS);
    wait_reads(READS_RESTART);
    select_drive(0);
    if (wait_done() & (STATUS_BUSY | STATUS_DATA)) {
        lost = true;
        kprintf("ide: the second disk does not answer any more, not even to a reset: it is given up\n");
        return;
    }
    choose_block(block_sectors); /* the reset may have cleared the setting */
}

/* End a transfer; `ok`: all blocks were transferred. Returns whether the drive agrees. */
static bool finish(bool ok)
{
    if (ok && wait_success())
        return true;
    recover();
    return false;
}

/* Start a transfer of a page. */
static void begin(uint8_t code, uint32_t page)
{
    uint32_t lba = page * PAGE_SECTORS;
    select_drive((uint8_t)(lba >> 24));
    command(code, lba, PAGE_SECTORS);
}

static bool read_by_pio(uint32_t page, uint8_t *to)
{
    unsigned bytes = block_sectors * SECTOR_BYTES;
    begin(block_sectors > 1 ? READ_MULTIPLE : READ_SECTORS, page);
    for (unsigned done = 0; done < PAGE_SIZE; done += bytes) {
        if (!wait_data())
            return finish(false);
        io_in32_many(DATA, to + done, bytes / 4);
    }
    return finish(true);
}

static bool write_by_pio(uint32_t page, const uint8_t *from)
{
    unsigned bytes = block_sectors * SECTOR_BYTES;
    begin(block_sectors > 1 ? WRITE_MULTIPLE : WRITE_SECTORS, page);
    for (unsigned done = 0; done < PAGE_SIZE; done += bytes) {
        if (!wait_data())
            return finish(false);
        io_out32_many(DATA, from + done, bytes / 4);
    }
    return finish(true);
}

/* Wait until drive and bus master have finished. */
static void wait_dma(void)
{
    uint8_t status = STATUS_BUSY;
    for (unsigned reads = 0; reads < READS_PATIENCE; reads++) {
        status = io_in8(STATUS);
        if (!(status & (STATUS_BUSY | STATUS_DATA)) && ((status & STATUS_ERROR) || !ide_dma_active()))
            return;
    }
}

/*
 * Transfer a page by DMA. Returns whether the transfer was completed; *ok: without an error.
 *
 * An emulated bus master that is stopped completes its transfer within the instruction that stops it. So it
 * is stopped at once: the guest does not poll for the host's disk, and a run in virtual time repeats. A real
 * one aborts the transfer; then the drive is reset, and from then on the transfer is polled. A bus master
 * that reports an error is not used again.
 */
static bool move_by_dma(uint8_t code, uint32_t page, paddr_t frame, bool *ok)
{
    ide_dma_prepare(frame, code == READ_DMA);
    begin(code, page);
    ide_dma_start();
    if (patient)
        wait_dma();
    ide_dma_stop();
    bool failed = ide_dma_failed();
    uint8_t status = io_in8(STATUS);
    bool broken_off = !patient && (status & (STATUS_BUSY | STATUS_DATA));
    *ok = !failed && !(status & (STATUS_BUSY | STATUS_DATA | STATUS_FAULT | STATUS_ERROR));
    recover();
    patient = patient || broken_off;
    dma = !failed;
    return !broken_off && !failed;
}

/* Transfer a page by DMA. False if DMA is not possible; otherwise *ok tells the result. */
static bool moved_by_dma(uint8_t code, uint32_t page, const void *memory, bool *ok)
{
    while (dma && !lost) {
        if (move_by_dma(code, page, virt_to_phys(memory), ok))
            return true;
    }
    return false;
}

bool ide_read_page(uint32_t page, void *to)
{
    bool ok;
    ASSERT(page < pages && IS_ALIGNED((uintptr_t)to, PAGE_SIZE));
    if (moved_by_dma(READ_DMA, page, to, &ok))
        return ok;
    return !lost && read_by_pio(page, to);
}

bool ide_write_page(uint32_t page, const void *from)
{
    bool ok;
    ASSERT(page < pages && IS_ALIGNED((uintptr_t)from, PAGE_SIZE));
    if (moved_by_dma(WRITE_DMA, page, from, &ok))
        return ok;
    return !lost && write_by_pio(page, from);
}

/* Whether LBA_MID and LBA_HIGH have the signature of a packet drive, which has no IDENTIFY DEVICE: 9.12. */
static bool is_packet_drive(void)
{
    unsigned signature = (unsigned)io_in8(LBA_HIGH) << 8 | io_in8(LBA_MID);
    return signature == 0xEB14 || signature == 0x9669;
}

/* Read the identification of the drive; false, after a message, if there is none. */
static bool identify(uint16_t *id)
{
    command(IDENTIFY_DEVICE, 0, 0);
    if (wait_data()) {
        io_in32_many(DATA, id, ID_WORDS / 2);
        if (finish(true))
            return true;
    }
    if (is_packet_drive())
        kprintf("ide: the second disk is a CD-ROM or the like: " WANTED "\n");
    else
        kprintf("ide: the second disk does not say what it is (status 0x%02x): " WANTED "\n", io_in8(STATUS));
    return false;
}

/* No drive: the bus floats and reads as all ones, or all but bit 7, which is pulled down; or drive 0
 * answers with 0 for the missing drive 1. */
static bool is_absent(uint8_t status)
{
    return status == 0xFF || status == 0x7F || status == 0;
}

uint32_t ide_init(void)
{
    uint16_t id[ID_WORDS] = {0};
    pages = 0;
    block_sectors = 1;
    dma = patient = lost = false;
    io_out8(CONTROL, CONTROL_NO_INTERRUPTS);
    select_drive(0);
    if (is_absent(io_in8(STATUS)) || is_absent(wait_done()))
        return 0;
    recover(); /* the loader may have left it busy */
    if (lost || !identify(id))
        return 0;
    if (!(id[ID_CAPABILITIES] & CAN_LBA)) {
        kprintf("ide: the second disk knows no LBA: " WANTED "\n");
        return 0;
    }
    pages = ((uint32_t)id[ID_SECTORS_HIGH] << 16 | id[ID_SECTORS_LOW]) / PAGE_SECTORS;
    if (pages == 0)
        kprintf("ide: the second disk is smaller than a page: " WANTED "\n");
    choose_block(id[ID_MULTIPLE_MAX] & 0xFF);
    dma = (id[ID_CAPABILITIES] & CAN_DMA) && ide_dma_init();
    return pages;
}
