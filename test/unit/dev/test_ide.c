/* SPDX-License-Identifier: MIT */
/*
 * ide.c and ide_dma.c with a simulated drive and controller. These respond with a delay, return garbage if
 * read too early, check the protocol, and can fail as real hardware does.
 */
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
enum failure { NONE, REFUSE, REFUSE_AT_END, FAIL, FAIL_AT_END, HANG, HANG_IN_DATA, DIE };

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
    bool bare;            /* shows no other bit beside BUSY */

    /* state */
    uint8_t reg[8], control;
    unsigned nonsense, busy; /* how many of the next status reads return garbage, and then BUSY */
    bool dead;
    uint8_t status;
    uint8_t buffer[PAGE];
    unsigned at, end;   /* position in the buffer, and the end of the block that DRQ offers */
    uint32_t lba, left; /* left: remaining sectors */
    bool writing;
    unsigned multiple;
    enum failure now;

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
    bool wanted; /* the drive requests a transfer */
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
        return;
    }
    drive.at = 0;
    drive.end = block_sectors() * SECTOR;
    if (!drive.writing)
        memcpy(drive.buffer, disk + drive.lba * SECTOR, drive.end);
    drive.status = READY | DRQ;
    drive.busy = drive.slowness;
    drive.blocks++;
}

/* The drive requests a DMA transfer and waits for the controller. */
static void want_dma(void)
{
    controller.wanted = true;
    drive.busy = LONG;
    if (drive.now == HANG_IN_DATA)
        controller.wanted = false;
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
    controller.status &= ~1u;
    if (controller.fails) {
        controller.status |= 2;
        return;
    }
    controller.moved++;
    if (drive.writing)
        memcpy(disk + drive.lba * SECTOR, page, PAGE);
    else
        memcpy(page, disk + drive.lba * SECTOR, PAGE);
    drive.busy = drive.nonsense = 0;
    end_command(drive.now == REFUSE_AT_END ? ERR : 0);
}

static void command_controller(uint8_t value)
{
    bool starts = (value & 1) && !(controller.command & 1), stops = !(value & 1) && (controller.command & 1);
    if (stops && controller.real && controller.wanted) {
        controller.wanted = false;
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
    CHECK(!(drive.status & (BUSY | DRQ)) && drive.busy == 0 && drive.nonsense == 0);
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
    if (is_absent())
        return drive.absent ? 0 : (uint8_t)drive.floating;
    if (drive.nonsense > 0) {
        drive.nonsense--;
        return drive.status & DRQ ? READY : READY | DRQ;
    }
    if (drive.dead || drive.busy > 0) {
        drive.busy -= drive.busy > 0;
        return drive.bare ? BUSY : BUSY | DRQ | ERR; /* the other bits are meaningless while BUSY is set */
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
        drive.nonsense = LATE;
        drive.selects++;
    }
}

/* The driver transfers n words. It may do so only within a block that the drive offers. */
static void move(void *to, const void *from, uint32_t n)
{
    unsigned bytes = n * 4;
    CHECK(drive.status & DRQ && drive.busy == 0 && drive.nonsense == 0 && !drive.dead);
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
    drive = (struct drive){
        .floating = -1, .multiple_max = 16, .sectors = SECTORS, .slowness = 7, .status = READY};
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

static void check_refused(const char *why)
{
    CHECK_EQ(ide_init(), 0);
    CHECK(why != NULL ? strstr(console, why) != NULL : console[0] == '\0');
    if (why != NULL)
        CHECK_STR_EQ(strchr(console, '\n'), "\n"); /* one line */
    CHECK_EQ(drive.transfers, 0);
}

TEST(a_disk_is_its_whole_pages)
{
    plug_in();
    CHECK_EQ(ide_init(), 25);
    CHECK_STR_EQ(console, "");
    drive.sectors = 207;
    CHECK_EQ(ide_init(), 25);
    drive.sectors = 208;
    CHECK_EQ(ide_init(), 26);
    drive.sectors = 0x0FFFFFFF;
    CHECK_EQ(ide_init(), 0x01FFFFFF);
}

TEST(pages_are_read_and_written)
{
    plug_in();
    uint32_t pages = ide_init();
    for (unsigned i = 0; i < 100; i++) {
        check_reads(unit_below(pages));
        check_writes(unit_below(pages));
    }
    check_writes(pages - 1);
    check_reads(pages - 1);
    CHECK_EQ(drive.blocks, drive.transfers); /* each page is one block */
    CHECK_EQ(drive.resets, 0);
}

TEST(all_28_bits_of_an_address_are_told)
{
    plug_in();
    drive.sectors = 0x0FFFFFFF;
    drive.failing_at = 1;
    drive.failure = REFUSE; /* before it accesses data beyond the simulated disk */
    uint32_t pages = ide_init();
    CHECK(!ide_read_page(pages - 1, page));
    CHECK_EQ(drive.lba, 0x0FFFFFF0);
    drive.failing_at = 1;
    CHECK(!ide_write_page(0x012345, page));
    CHECK_EQ(drive.lba, 0x091A28);
}

TEST(without_multiple_mode_it_goes_sector_by_sector)
{
    for (unsigned way = 0; way < 3; way++) {
        plug_in();
        drive.multiple_max = way == 0 ? 0 : way == 1 ? 4 : 8;
        drive.no_multiple = way == 2;
        CHECK_EQ(ide_init(), 25);
        check_reads(3);
        check_writes(24);
        check_reads(24);
        CHECK_EQ(drive.blocks, 24);
        CHECK_EQ(drive.resets, 0);
    }
}

TEST(a_page_beyond_the_end_is_our_mistake)
{
    plug_in();
    uint32_t pages = ide_init();
    CHECK(PANICS("page < pages", ide_read_page(pages, page)));
    CHECK(PANICS("page < pages", ide_write_page(pages, page)));
}

TEST(no_drive_is_no_news)
{
    plug_in();
    drive.absent = true;
    check_refused(NULL);
    plug_in();
    drive.floating = 0xFF;
    check_refused(NULL);
    CHECK(drive.reads < 100); /* the driver does not wait */
    drive.floating = 0x7F;
    check_refused(NULL);
}

TEST(what_is_no_usable_disk_is_refused_with_the_reason)
{
    plug_in();
    drive.packet = true;
    check_refused("CD-ROM");
    plug_in();
    drive.mute = true;
    check_refused("does not say what it is");
    plug_in();
    drive.no_lba = true;
    check_refused("knows no LBA");
    plug_in();
    drive.sectors = 7;
    check_refused("smaller than a page");
    plug_in();
    drive.dead = drive.deaf = true;
    check_refused("given up");
}

TEST(a_drive_left_in_the_middle_is_reset_first)
{
    plug_in();
    drive.status = READY | DRQ;
    CHECK_EQ(ide_init(), 25);
    CHECK_EQ(drive.resets, 1);
    check_reads(1);
}

/* Make the n-th transfer fail, a read if n is odd, else a write. All other transfers must succeed. */
static void check_failure(enum failure failure, unsigned n, bool multiple)
{
    plug_in();
    drive.multiple_max = multiple ? 16 : 0;
    CHECK_EQ(ide_init(), 25);
    drive.failing_at = n;
    drive.failure = failure;
    for (unsigned i = 1; i < n; i++)
        check_reads(i);
    CHECK(n % 2 ? !ide_read_page(n, page) : !ide_write_page(n, page));
    check_reads(4);
    check_writes(n);
    check_reads(n);
    CHECK_STR_EQ(console, "");
}

TEST(after_an_error_the_next_transfer_works)
{
    static const enum failure failures[] = {REFUSE, REFUSE_AT_END, FAIL, FAIL_AT_END,
                                            HANG,   HANG_IN_DATA,  DIE};
    for (unsigned i = 0; i < ARRAY_SIZE(failures); i++) {
        for (unsigned n = 1; n <= 2; n++) {
            check_failure(failures[i], n, true);
            if (failures[i] != HANG && failures[i] != DIE) /* these are slow and do not depend on blocks */
                check_failure(failures[i], n, false);
        }
    }
}

TEST(a_reset_is_only_for_a_drive_that_is_stuck)
{
    check_failure(REFUSE, 1, true);
    CHECK_EQ(drive.resets, 0);
    check_failure(FAIL, 1, true);
    CHECK_EQ(drive.resets, 0);
    check_failure(HANG_IN_DATA, 1, true);
    CHECK_EQ(drive.resets, 1);
    CHECK_EQ(drive.multiple, 8); /* set again, since the reset cleared it */
    check_failure(DIE, 1, true);
    CHECK_EQ(drive.resets, 1);
}

TEST(a_drive_that_never_comes_back_is_given_up)
{
    plug_in();
    CHECK_EQ(ide_init(), 25);
    drive.failing_at = 1;
    drive.failure = DIE;
    drive.deaf = true;
    CHECK(!ide_read_page(1, page));
    CHECK(strstr(console, "given up") != NULL);
    drive.reads = 0;
    CHECK(!ide_write_page(1, page));
    CHECK(!ide_read_page(1, page));
    CHECK_EQ(drive.reads, 0); /* the driver does not wait again */
    CHECK_EQ(ide_init(), 0);
}

static void plug_in_with_dma(bool real)
{
    plug_in();
    drive.slowness = real ? 7 : 0;
    controller = (struct controller){
        .there = true, .function = CONTROLLER, .real = real, .status = 6}; /* left over from the firmware */
    controller.config[0] = 0x70108086;
    controller.config[1] = 0x02800001;
    controller.config[2] = 0x01018000;
    controller.config[BAR4] = BUS_MASTER | 1;
}

static void check_reads_and_writes(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        check_reads(i);
        check_writes(i);
    }
}

TEST(an_emulated_bus_master_ends_when_it_is_stopped)
{
    plug_in_with_dma(false);
    CHECK_EQ(ide_init(), 25);
    CHECK_EQ(controller.config[1], 5); /* the status bits are not written back */
    drive.reads = 0;
    check_reads_and_writes(20);
    CHECK_EQ(controller.moved, 40);
    CHECK(drive.reads < 40 * 12); /* the driver did not wait */
    CHECK_EQ(drive.resets + drive.blocks, 0);
}

TEST(a_real_bus_master_is_broken_off_only_once)
{
    plug_in_with_dma(true);
    drive.bare = true;
    CHECK_EQ(ide_init(), 25);
    check_reads_and_writes(20);
    CHECK_EQ(controller.moved, 40);
    CHECK_EQ(controller.broken_off, 1);
    CHECK_EQ(drive.resets, 1);
}

TEST(a_bus_master_that_fails_is_not_used_again)
{
    for (unsigned real = 0; real < 2; real++) {
        plug_in_with_dma(real);
        controller.fails = true;
        CHECK_EQ(ide_init(), 25);
        check_reads_and_writes(20);
        CHECK_EQ(controller.moved, 0);
        CHECK_EQ(drive.blocks, 40);
    }
}

TEST(another_controller_is_left_alone)
{
    plug_in_with_dma(false);
    for (unsigned other = 0; other < 3; other++) {
        controller.config[2] = other == 0 ? 0x01018500 : other == 1 ? 0x01010000 : 0x02000000;
        CHECK_EQ(ide_init(), 25); /* native mode, no bus master, not IDE */
        check_reads_and_writes(2);
        CHECK_EQ(controller.config[1], 0x02800001);
        CHECK_EQ(controller.moved, 0);
    }
}

TEST(a_bus_master_is_found_on_all_of_bus_0)
{
    static const unsigned functions[] = {0, 1, 8, 255};
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        plug_in_with_dma(false);
        controller.function = functions[i];
        CHECK_EQ(ide_init(), 25);
        check_reads_and_writes(2);
        CHECK_EQ(controller.moved, 4);
    }
}

/* The revision does not matter, nor whether the channels could be moved. */
TEST(a_bus_master_may_be_a_newer_one)
{
    plug_in_with_dma(false);
    controller.config[2] = 0x01018A02;
    CHECK_EQ(ide_init(), 25);
    check_reads_and_writes(2);
    CHECK_EQ(controller.moved, 4);
}

TEST(a_bus_master_with_an_address_keeps_it)
{
    plug_in_with_dma(false);
    journal_clear();
    CHECK_EQ(ide_init(), 25);
    CHECK_STEPS("register 04: 5");
}

TEST(a_bus_master_without_an_address_gets_one)
{
    plug_in_with_dma(false);
    controller.config[BAR4] = 1;
    journal_clear();
    CHECK_EQ(ide_init(), 25);
    CHECK_STEPS("register 20: c000", "register 04: 5");
    CHECK_EQ(controller.config[BAR4], BUS_MASTER | 1);
    check_reads_and_writes(2);
    CHECK_EQ(controller.moved, 4);
}

TEST(a_bus_master_that_takes_no_address_is_not_used)
{
    plug_in_with_dma(false);
    controller.config[BAR4] = 0;
    controller.fixed = true;
    CHECK_EQ(ide_init(), 25);
    check_reads_and_writes(2);
    CHECK_EQ(controller.moved, 0);
}

TEST(after_an_error_of_a_dma_the_next_one_works)
{
    static const enum failure failures[] = {REFUSE, REFUSE_AT_END, FAIL, HANG_IN_DATA, DIE};
    for (unsigned i = 0; i < ARRAY_SIZE(failures); i++) {
        plug_in_with_dma(true);
        CHECK_EQ(ide_init(), 25);
        check_reads(0); /* sets `patient` in ide.c */
        unsigned moved = controller.moved;
        drive.failing_at = 2;
        drive.failure = failures[i];
        check_writes(2);
        CHECK(i % 2 ? !ide_read_page(2, page) : !ide_write_page(2, page));
        check_reads(3);
        check_writes(4);
        CHECK(controller.moved - moved >= 3);
        CHECK_STR_EQ(console, "");
    }
}

TEST(an_emulated_dma_that_fails_is_not_tried_again)
{
    static const enum failure failures[] = {REFUSE, REFUSE_AT_END, FAIL};
    for (unsigned i = 0; i < ARRAY_SIZE(failures); i++) {
        plug_in_with_dma(false);
        CHECK_EQ(ide_init(), 25);
        drive.failing_at = 1;
        drive.failure = failures[i];
        CHECK(!ide_read_page(1, page));
        CHECK_EQ(drive.transfers, 1);
        check_reads_and_writes(2);
        CHECK_EQ(drive.resets, 0);
    }
}
