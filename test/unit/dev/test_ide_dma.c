/* SPDX-License-Identifier: MIT */
/*
 * ide.c with ide_dma.c, and a simulated drive with a bus master, emulated or real.
 */
#include "dev/ide.h"

#include "host_ide.h"

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
    static const uint8_t statuses[] = {BUSY, READY | DRQ, BUSY | DRQ | ERR};
    for (unsigned i = 0; i < ARRAY_SIZE(statuses); i++) {
        plug_in_with_dma(true);
        drive.during_dma = statuses[i];
        CHECK_EQ(ide_init(), 25);
        check_reads_and_writes(20);
        CHECK_EQ(controller.moved, 40);
        CHECK_EQ(controller.broken_off, 1);
        CHECK_EQ(drive.resets, 1);
    }
}

/* Either may be the last: the drive, or the controller, which has a buffer. */
TEST(a_transfer_has_ended_when_drive_and_bus_master_have)
{
    static const uint8_t last[] = {0, BUSY, BUSY | DRQ, READY | DRQ};
    for (unsigned i = 0; i < ARRAY_SIZE(last); i++) {
        plug_in_with_dma(true);
        drive.after_dma = last[i];
        CHECK_EQ(ide_init(), 25);
        check_reads_and_writes(10);
        CHECK_EQ(controller.moved, 20);
        CHECK_EQ(controller.broken_off, 1);
        CHECK_EQ(drive.resets, 1);
    }
}

TEST(a_drive_that_stays_in_a_dma_has_failed)
{
    static const uint8_t statuses[] = {BUSY, READY | DRQ};
    for (unsigned i = 0; i < ARRAY_SIZE(statuses); i++) {
        plug_in_with_dma(true);
        CHECK_EQ(ide_init(), 25);
        check_reads(0); /* sets `patient` in ide.c */
        drive.during_dma = statuses[i];
        drive.failing_at = 1;
        drive.failure = HANG_IN_DATA;
        CHECK(!ide_read_page(2, page));
        check_writes(3);
        CHECK_EQ(drive.resets, 2);
    }
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
        drive.reads = 0;
        CHECK(i % 2 ? !ide_read_page(2, page) : !ide_write_page(2, page));
        if (failures[i] == REFUSE || failures[i] == REFUSE_AT_END)
            CHECK(drive.reads < 1000); /* the driver did not wait for the bus master */
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
