/* SPDX-License-Identifier: MIT */
/*
 * ide.c with a simulated drive: what is a usable disk, transfers by PIO, and drives that fail.
 */
#include "dev/ide.h"

#include "host_ide.h"

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
    static const enum failure failures[] = {
        REFUSE, REFUSE_AT_END, REFUSE_WITH_DATA, FAIL, FAIL_AT_END, FAIL_WITH_DATA, HANG, HANG_IN_DATA, DIE};
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

TEST(a_drive_that_is_busy_for_ever_has_failed_whatever_else_it_says)
{
    static const uint8_t beside[] = {0, DRQ, READY | DRQ, ERR};
    for (unsigned i = 0; i < ARRAY_SIZE(beside); i++) {
        plug_in();
        drive.beside_busy = beside[i];
        CHECK_EQ(ide_init(), 25);
        drive.failing_at = 1;
        drive.failure = i % 2 ? DIE : DIE_AT_END;
        CHECK(!ide_write_page(1, page));
        check_reads(4);
        CHECK_EQ(drive.resets, 1);
        CHECK_STR_EQ(console, "");
    }
}

TEST(a_drive_that_never_comes_back_is_given_up)
{
    static const struct {
        enum failure failure;
        uint8_t beside_busy;
    } ways[] = {{DIE, DRQ | ERR}, {DIE, 0}, {HANG_IN_DATA, 0}}; /* the last is not busy, but wants data */
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
        plug_in();
        CHECK_EQ(ide_init(), 25);
        drive.failing_at = 1;
        drive.failure = ways[i].failure;
        drive.beside_busy = ways[i].beside_busy;
        drive.deaf = true;
        CHECK(!ide_read_page(1, page));
        CHECK(console_has("given up"));
        drive.reads = 0;
        CHECK(!ide_write_page(1, page));
        CHECK(!ide_read_page(1, page));
        CHECK_EQ(drive.reads, 0); /* the driver does not wait again */
    }
    CHECK_EQ(ide_init(), 0);
}
