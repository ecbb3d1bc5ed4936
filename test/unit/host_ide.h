/* SPDX-License-Identifier: MIT */
/*
 * host_ide - a simulated drive and its controller. They respond with a delay, return garbage if read too
 * early, check the protocol, and can fail as real hardware does. Included by one file of a program.
 */
#ifndef HOST_IDE_H
#define HOST_IDE_H

#include <string.h>

#include "arch/i386/io.h"
#include "arch/i386/linear.h"
#include "dev/ide.h"
#include "host_console.h"
#include "journal.h"
#include "lib/util.h"
#include "watch/assert.h"

#define PAGE 4096
#define SECTOR 512
#define SECTORS 200 /* 25 pages */

#define ERR 0x01
#define DRQ 0x08
#define READY 0x50
#define FAULT 0x20
#define BUSY 0x80

#define LATE 4         /* status reads after a command that return garbage */
#define LONG 40000000u /* more status reads than any time limit allows */

/* How a transfer fails. */
enum failure {
    NONE,
    REFUSE,
    REFUSE_AT_END,
    REFUSE_WITH_DATA, /* offers a block all the same */
    FAIL,
    FAIL_AT_END,
    FAIL_WITH_DATA,
    HANG,
    HANG_IN_DATA,
    DIE,
    DIE_AT_END
};

static struct drive {
    /* configuration */
    int floating; /* the value that a bus without drives returns, or -1 */
    bool absent;  /* reads return 0, since only drive 0 answers */
    bool packet;
    bool mute; /* rejects IDENTIFY DEVICE */
    bool no_lba;
    bool no_multiple; /* rejects SET MULTIPLE MODE */
    unsigned multiple_max;
    uint32_t sectors;
    unsigned slowness;    /* status reads until a command takes effect */
    unsigned failing_at;  /* the n-th transfer from now on ... */
    enum failure failure; /* ... fails in this way */
    bool deaf;            /* ignores resets */
    uint8_t beside_busy;  /* the other bits, which are meaningless then */
    uint8_t during_dma;   /* 0, or the status while the controller transfers */
    uint8_t after_dma;    /* 0: it is done before the controller is; or the status for a while after that */

    /* state */
    uint8_t reg[8], control;
    unsigned restart; /* how many status reads it restarts for: it takes nothing, and returns garbage */
    unsigned nonsense, busy; /* how many of the next status reads return garbage, and then BUSY */
    bool dead;
    uint8_t status;
    uint8_t buffer[PAGE];
    unsigned at, end;   /* position in the buffer, and the end of the block that DRQ offers */
    uint32_t lba, left; /* left: remaining sectors */
    bool writing;
    unsigned multiple;
    enum failure now;
    bool in_dma;
    unsigned ending; /* how many of the next status reads return after_dma */

    /* counts of what the driver did */
    unsigned transfers, blocks, resets, reads, selects;
} drive;

#define BUS_MASTER 0xC000u
#define CONTROLLER 9u /* device 1, function 1 */
#define BAR4 8u

static struct controller {
    bool there;
    unsigned function; /* where on bus 0 */
    uint32_t config[16];
    unsigned address;
    bool real; /* aborts a transfer when stopped; emulated controllers do not */
    bool fails;
    bool fixed; /* BAR 4 is read-only */

    uint8_t command, status;
    uint32_t table;
    bool wanted;       /* the drive requests a transfer */
    unsigned draining; /* status reads until the last bytes are moved */
    unsigned moved, broken_off;
} controller;

#define FRAME 1
_Alignas(PAGE) uint8_t host_memory[(FRAME + 1) * PAGE];
static uint8_t *const page = host_memory + FRAME * PAGE; /* the page to transfer */
static uint8_t disk[SECTORS * SECTOR];

static void end_command(uint8_t error_bits)
{
    drive.status = READY | error_bits;
    drive.at = drive.end = 0;
    drive.left = 0;
    drive.in_dma = false;
}

static unsigned block_sectors(void)
{
    unsigned n = drive.multiple != 0 ? drive.multiple : 1;
    return MIN(n, (unsigned)drive.left);
}

/* Offer the next block, or end the command. */
static void go_on(void)
{
    if (drive.left == 0) {
        end_command(drive.now == REFUSE_AT_END ? ERR : drive.now == FAIL_AT_END ? FAULT : 0);
        drive.dead = drive.now == DIE_AT_END;
        return;
    }
    drive.at = 0;
    drive.end = block_sectors() * SECTOR;
    if (!drive.writing)
        memcpy(drive.buffer, disk + drive.lba * SECTOR, drive.end);
    drive.status = READY | DRQ |
                   (drive.now == REFUSE_WITH_DATA ? ERR
                    : drive.now == FAIL_WITH_DATA ? FAULT
                                                  : 0);
    drive.busy = drive.slowness;
    drive.blocks++;
}

/* The drive requests a DMA transfer and waits for the controller. */
static void want_dma(void)
{
    controller.wanted = drive.now != HANG_IN_DATA;
    drive.in_dma = true;
    drive.busy = LONG;
}

static void end_dma(void)
{
    controller.status &= ~1u;
    if (drive.writing)
        memcpy(disk + drive.lba * SECTOR, page, PAGE);
    else
        memcpy(page, disk + drive.lba * SECTOR, PAGE);
}

/* The controller performs the transfer that the drive requested. */
static void do_dma(void)
{
    if (!controller.wanted)
        return;
    uint32_t entry[2];
    uint8_t *volatile memory = host_memory; /* the table can lie below or above this array */
    memcpy(entry, memory + (int32_t)controller.table, sizeof(entry));
    CHECK_EQ(entry[0], FRAME * PAGE);
    CHECK_EQ(entry[1], 0x80000000u | PAGE);
    CHECK_EQ(controller.command, drive.writing ? 1 : 9);
    CHECK_EQ(controller.config[1] & 5, 5);
    controller.wanted = false;
    if (controller.fails) {
        controller.status = (controller.status & ~1u) | 2;
        return;
    }
    controller.moved++;
    drive.busy = drive.nonsense = 0;
    end_command(drive.now == REFUSE_AT_END ? ERR : 0);
    if (controller.real && drive.after_dma == 0)
        controller.draining = 20;
    else
        end_dma();
    if (controller.real && drive.after_dma != 0)
        drive.ending = 20;
}

static void command_controller(uint8_t value)
{
    bool starts = (value & 1) && !(controller.command & 1), stops = !(value & 1) && (controller.command & 1);
    if (stops && controller.real && (controller.wanted || controller.draining > 0)) {
        controller.wanted = false;
        controller.draining = 0;
        controller.broken_off++;
    } else if (stops) {
        do_dma();
    }
    controller.command = value;
    if (starts)
        controller.status |= 1;
    if (stops)
        controller.status &= ~1u;
}

static void start_transfer(uint8_t command)
{
    bool multiple = command == 0xC4 || command == 0xC5;
    bool dma = command == 0xC8 || command == 0xCA;
    CHECK(multiple ? drive.multiple == 8 : dma || command == 0x20 || command == 0x30);
    if (!multiple && !dma)
        drive.multiple = 0;
    drive.writing = command == 0x30 || command == 0xC5 || command == 0xCA;
    drive.lba = drive.reg[3] | drive.reg[4] << 8 | drive.reg[5] << 16 | (drive.reg[6] & 0xF) << 24;
    drive.left = drive.reg[2];
    CHECK(drive.lba + drive.left <= drive.sectors);
    drive.transfers++;
    drive.now = drive.failing_at != 0 && --drive.failing_at == 0 ? drive.failure : NONE;
    if (drive.now == REFUSE || drive.now == FAIL)
        end_command(drive.now == FAIL ? FAULT : ERR);
    else if (drive.now == HANG)
        drive.busy = LONG;
    else if (drive.now == DIE)
        drive.dead = true;
    else if (dma)
        want_dma();
    else
        go_on();
}

static void offer_identity(void)
{
    uint16_t id[256] = {0};
    id[47] = 0x8000 | drive.multiple_max;
    id[49] = drive.no_lba ? 0 : 0x0300;
    id[60] = (uint16_t)drive.sectors;
    id[61] = (uint16_t)(drive.sectors >> 16);
    memcpy(drive.buffer, id, sizeof(id));
    drive.writing = false;
    drive.at = 0;
    drive.end = sizeof(id);
    drive.status = READY | DRQ;
}

static void take_command(uint8_t command)
{
    CHECK(!(drive.status & (BUSY | DRQ)) && drive.busy == 0 && drive.nonsense == 0 && !drive.dead);
    drive.nonsense = LATE;
    drive.busy = drive.slowness;
    drive.status = READY;
    switch (command) {
    case 0xEC:
        if (drive.packet || drive.mute) {
            end_command(ERR);
            drive.reg[4] = drive.packet ? 0x14 : 0;
            drive.reg[5] = drive.packet ? 0xEB : 0;
        } else {
            offer_identity();
        }
        break;
    case 0xC6:
        CHECK_EQ(drive.reg[2], 8);
        if (drive.no_multiple)
            end_command(ERR);
        else
            drive.multiple = 8;
        break;
    default:
        start_transfer(command);
    }
}

static bool is_absent(void)
{
    return drive.floating >= 0 || drive.absent;
}

static uint8_t read_status(void)
{
    drive.reads++;
    if (controller.real && (controller.command & 1) && drive.reads % 64 == 0)
        do_dma(); /* the transfer completes some time later */
    if (controller.draining > 0 && --controller.draining == 0)
        end_dma();
    if (is_absent())
        return drive.absent ? 0 : (uint8_t)drive.floating;
    if (drive.restart > 0 || drive.nonsense > 0) {
        drive.restart > 0 ? drive.restart-- : drive.nonsense--;
        return drive.status & DRQ ? READY : READY | DRQ;
    }
    if (drive.in_dma && drive.during_dma != 0)
        return drive.during_dma;
    if (drive.ending > 0) {
        drive.ending--;
        return drive.after_dma;
    }
    if (drive.dead || drive.busy > 0) {
        drive.busy -= drive.busy > 0;
        return BUSY | drive.beside_busy;
    }
    return drive.status;
}

uint8_t io_in8(uint16_t port)
{
    if (port == 0x3F6 || port == 0x1F7)
        return read_status();
    if (port == BUS_MASTER + 2)
        return controller.status;
    CHECK(port > 0x1F0 && port < 0x1F7);
    return is_absent() ? (uint8_t)drive.floating : drive.reg[port - 0x1F0];
}

static void take_control(uint8_t value)
{
    CHECK(value & 2); /* interrupts must be disabled, since there is no handler */
    if (value & 4) {
        drive.reads = 0;
    } else if (drive.control & 4) {
        CHECK(drive.reads >= 50);
        drive.resets++;
        if (!drive.deaf) {
            drive.busy = drive.nonsense = 0;
            drive.multiple = 0;
            drive.dead = false;
            end_command(0);
            drive.restart = 15000;
            drive.busy = 25000;
            drive.reg[6] = 0; /* drive 0 is selected */
        }
    }
    drive.control = value;
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == 0x3F6) {
        take_control(value);
        return;
    }
    if (port == BUS_MASTER) {
        command_controller(value);
        return;
    }
    if (port == BUS_MASTER + 2) {
        controller.status &= ~(value & 6u);
        return;
    }
    CHECK(port > 0x1F0 && port <= 0x1F7);
    CHECK(drive.control & 2);
    if (is_absent())
        return;
    if (port == 0x1F7) {
        CHECK_EQ(drive.reg[6] & 0xF0, 0xF0); /* LBA, drive 1 */
        take_command(value);
        return;
    }
    drive.reg[port - 0x1F0] = value;
    if (port == 0x1F6) {
        CHECK_EQ(drive.restart, 0);
        drive.nonsense = LATE;
        drive.selects++;
    }
}

/* The driver transfers n words. It may do so only within a block that the drive offers. */
static void move(void *to, const void *from, uint32_t n)
{
    unsigned bytes = n * 4;
    CHECK((drive.status & (DRQ | ERR | FAULT)) == DRQ && drive.busy == 0 && drive.nonsense == 0 &&
          !drive.dead);
    CHECK(drive.at + bytes <= drive.end);
    if (to != NULL)
        memcpy(to, drive.buffer + drive.at, bytes);
    else
        memcpy(drive.buffer + drive.at, from, bytes);
    drive.at += bytes;
    if (drive.at < drive.end)
        return;
    if (drive.now == HANG_IN_DATA && drive.left == drive.end / SECTOR)
        return; /* waits for more data forever */
    if (drive.writing)
        memcpy(disk + drive.lba * SECTOR, drive.buffer, drive.end);
    unsigned sectors = MIN(drive.end / SECTOR, drive.left);
    drive.lba += sectors;
    drive.left -= sectors;
    drive.nonsense = 1;
    go_on();
    drive.busy = drive.slowness;
}

void io_in32_many(uint16_t port, void *to, uint32_t n)
{
    CHECK_EQ(port, 0x1F0);
    CHECK(!drive.writing);
    move(to, NULL, n);
}

void io_out32_many(uint16_t port, const void *from, uint32_t n)
{
    CHECK_EQ(port, 0x1F0);
    CHECK(drive.writing);
    move(NULL, from, n);
}

uint32_t io_in32(uint16_t port)
{
    CHECK_EQ(port, 0xCFC);
    CHECK((controller.address & 0x00FF0000) == 0); /* only bus 0 is searched */
    if (!controller.there || (controller.address & ~0xFFu) != (0x80000000u | controller.function << 8))
        return 0xFFFFFFFF;
    return controller.config[(controller.address & 0xFF) / 4];
}

static void config_write(unsigned reg, uint32_t value)
{
    CHECK_EQ(controller.address, 0x80000000u | controller.function << 8 | reg * 4);
    note("register %02x: %x", reg * 4, value);
    if (reg == BAR4)
        value = controller.fixed ? controller.config[BAR4] : (value & 0xFFF0) | 1;
    controller.config[reg] = value;
}

void io_out32(uint16_t port, uint32_t value)
{
    if (port == 0xCF8)
        controller.address = value;
    else if (port == BUS_MASTER + 4)
        controller.table = value;
    else if (CHECK_EQ(port, 0xCFC), controller.there)
        config_write((controller.address & 0xFF) / 4, value);
}

static void plug_in(void)
{
    controller = (struct controller){.there = false};
    drive = (struct drive){.floating = -1,
                           .multiple_max = 16,
                           .sectors = SECTORS,
                           .slowness = 7,
                           .beside_busy = DRQ | ERR,
                           .status = READY};
    console_clear();
    for (unsigned i = 0; i < sizeof(disk); i++)
        disk[i] = (uint8_t)(i / SECTOR * 7 + i);
}

static void check_reads(unsigned n)
{
    memset(page, 0xA5, PAGE);
    CHECK(ide_read_page(n, page));
    CHECK(memcmp(page, disk + n * PAGE, PAGE) == 0);
}

static void check_writes(unsigned n)
{
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)unit_random();
    uint8_t before[sizeof(disk)];
    memcpy(before, disk, sizeof(disk));
    CHECK(ide_write_page(n, page));
    memcpy(before + n * PAGE, page, PAGE);
    CHECK(memcmp(before, disk, sizeof(disk)) == 0); /* only this page was written */
}

#endif
