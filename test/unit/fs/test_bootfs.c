/* SPDX-License-Identifier: MIT */
/*
 * bootfs.c: valid, truncated and invalid archives; names; replacement.
 *
 * The list of files is never cleared, so each test uses its own names, and the test that fills the list runs
 * last.
 */
#include <stdlib.h>

#include "fs/bootfs.h"
#include "host_kernel.h"

static const uint8_t elf[] = "\x7f"
                             "ELF, or so it says";

#define HEADER_BYTES 110 /* of a member in the newc format; the name follows */

struct archive {
    uint8_t bytes[0x11000];
    size_t size;
    size_t member_end[8]; /* end offset of each member's data */
    size_t members;
};

static void append(struct archive *archive, const void *bytes, size_t n)
{
    memcpy(archive->bytes + archive->size, bytes, n);
    archive->size += n;
    while (archive->size % 4 != 0)
        archive->bytes[archive->size++] = 0;
}

static void add_member(struct archive *archive, const char *name, unsigned mode, const void *data, size_t n)
{
    char head[256];
    int length =
        snprintf(head, sizeof(head),
                 "070701"
                 "%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
                 "%s",
                 1u, mode, 0u, 0u, 1u, 0u, (unsigned)n, 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u, name);

    append(archive, head, (size_t)length + 1);
    archive->member_end[archive->members++] = archive->size + n;
    append(archive, data, n);
}

static void add_file(struct archive *archive, const char *name, const void *data, size_t n)
{
    add_member(archive, name, 0100755, data, n);
}

static void add_trailer(struct archive *archive)
{
    add_member(archive, "TRAILER!!!", 0, "", 0);
}

static void start(struct archive *archive)
{
    memset(archive, 0, sizeof(*archive));
    console_clear();
}

static void check_file(const char *name, const void *data, size_t n)
{
    struct bootfs_file *file = bootfs_find(name);

    CHECK(file != NULL);
    CHECK_STR_EQ(file->name, name);
    CHECK_EQ(file->size, n);
    CHECK_EQ(memcmp(file->data, data, n), 0);
}

TEST(a_good_archive_is_read_without_a_word)
{
    static struct archive archive; /* bootfs does not copy the data */
    size_t before = bootfs_count();

    start(&archive);
    add_file(&archive, "good-b", elf, 7);
    add_file(&archive, "good-a", elf, 20);
    add_member(&archive, "good-folder", 0040755, "", 0);
    add_member(&archive, "good-link", 0120777, "good-a", 6);
    add_file(&archive, "good-c", elf, 4);
    add_trailer(&archive);
    append(&archive, "what follows is nothing to us", 30);
    bootfs_add_archive(archive.bytes, archive.size);
    CHECK_STR_EQ(console, "");
    CHECK_EQ(bootfs_count(), before + 3);
    check_file("good-a", elf, 20);
    check_file("good-b", elf, 7);
    check_file("good-c", elf, 4);
    CHECK_EQ(bootfs_find("good-link"), NULL);
    CHECK_EQ(bootfs_find("good"), NULL);
    CHECK_EQ(bootfs_find("good-d"), NULL);
    CHECK_EQ(bootfs_find(""), NULL);
}

/* What follows the first header, which has 110 bytes, is 64 KiB and 2 bytes; a file begins behind them. */
TEST(archives_larger_than_64_kib)
{
    static const size_t sizes[] = {0x10000 - 248, 0x10000};
    static uint8_t data[0x10000];

    memcpy(data, elf, sizeof(elf));
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        static struct archive archive;

        start(&archive);
        add_file(&archive, "large", data, sizes[i]);
        add_file(&archive, "after", elf, 4);
        add_trailer(&archive);
        CHECK(i != 0 || archive.size - HEADER_BYTES == 0x10002);
        bootfs_add_archive(archive.bytes, archive.size);
        CHECK_STR_EQ(console, "");
        check_file("large", data, sizes[i]);
        check_file("after", elf, 4);
    }
}

/* D60 */
TEST(an_empty_file_at_the_end_is_complete)
{
    static struct archive archive;

    start(&archive);
    add_file(&archive, "empty", "", 0);
    bootfs_add_archive(archive.bytes, archive.size);
    CHECK_STR_EQ(console, "bootfs: \"empty\" is no ELF program: executing it will fail\n"
                          "bootfs: the archive is broken at byte 116 of 116: what follows is left out\n");
    check_file("empty", "", 0);
}

/* D60: wherever an archive is cut off, complete members are added and the error is reported. */
TEST(archives_cut_anywhere)
{
    static struct archive archive;
    static const char *const names[] = {"cut-a", "cut-b"};
    size_t end;

    start(&archive);
    add_file(&archive, "cut-a", elf, 7);
    add_file(&archive, "cut-b", elf, 18);
    end = archive.size;
    add_trailer(&archive);
    for (size_t size = 0; size < archive.size; size++) {
        uint8_t *copy = malloc(size + (size == 0));
        bool complete = size >= end + HEADER_BYTES + sizeof("TRAILER!!!");

        memcpy(copy, archive.bytes, size);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            bootfs_add(names[i], elf, 4);
        console_clear();
        bootfs_add_archive(copy, size);
        CHECK_EQ(console_has("bootfs: the archive is broken at byte"), !complete);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            bool whole = size >= archive.member_end[i];

            CHECK_EQ(bootfs_find(names[i])->data != elf, whole);
            bootfs_add(names[i], elf, 4); /* the copy goes */
        }
        free(copy);
    }
}

/* Overwrite part of a member's header: members before it are added; it and those after it are not. */
static void check_broken(size_t at, const char *what)
{
    static struct archive archive;
    size_t second;

    start(&archive);
    add_file(&archive, "broken-a", elf, 8);
    second = archive.size;
    add_file(&archive, "broken-b", elf, 8);
    add_trailer(&archive);
    memcpy(archive.bytes + second + at, what, strlen(what));
    bootfs_add("broken-a",
               (const uint8_t *)"\x7f"
                                "ELF",
               4);
    bootfs_add_archive(archive.bytes, archive.size);
    CHECK(console_has("what follows is left out"));
    check_file("broken-a", elf, 8);
    CHECK_EQ(bootfs_find("broken-b"), NULL);
}

TEST(broken_headers)
{
    check_broken(0, "070702"); /* newc with checksums */
    check_broken(0, "070707"); /* the old portable format */
    check_broken(0, "XXXXXX");
    check_broken(54, "0000000G"); /* file size */
    check_broken(54, "-0000001");
    static const char *const beside[] = {"0000000/", "0000000:", "0000000@", "0000000`", "0000000g"};
    for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
        check_broken(54, beside[i]); /* the neighbours of the digits in ASCII */
    check_broken(54, "FFFFFFFF");
    check_broken(54, "FFFFFF00"); /* overflows a 32-bit sum */
    check_broken(14, "0x81A400"); /* mode */
    check_broken(94, "00000000"); /* name size */
    check_broken(94, "FFFFFFFF");
    check_broken(94, "00000008"); /* no NUL at the end */
}

/* The digits of numbers may be capital letters or small ones. */
TEST(each_digit_of_a_size)
{
    static const uint8_t data[0xFED] = "\x7f"
                                       "ELF";
    static const unsigned sizes[] = {0x123, 0x456, 0x789, 0xABC, 0xCDE, 0xFED};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (int small = 0; small < 2; small++) {
            static struct archive archive;
            char digits[9];

            start(&archive);
            add_file(&archive, "digits", data, sizes[i]);
            add_trailer(&archive);
            snprintf(digits, sizeof(digits), small ? "%08x" : "%08X", sizes[i]);
            memcpy(archive.bytes + 54, digits, 8);
            bootfs_add_archive(archive.bytes, archive.size);
            CHECK_STR_EQ(console, "");
            check_file("digits", data, sizes[i]);
        }
    }
}

/* D45: the length of names is limited. */
TEST(names_that_do_not_fit_are_refused)
{
    size_t before = bootfs_count();

    console_clear();
    bootfs_add("a-name-of-thirty-one-characters", elf, sizeof(elf));
    CHECK_EQ(bootfs_count(), before + 1);
    check_file("a-name-of-thirty-one-characters", elf, sizeof(elf));
    CHECK_STR_EQ(console, "");
    bootfs_add("a-name-of-thirty-two-characters!", elf, sizeof(elf));
    CHECK_STR_EQ(console,
                 "bootfs: a file was left out: its name \"a-name-of-thirty-two-characters!\" is empty or "
                 "longer than 31 characters\n");
    console_clear();
    bootfs_add("", elf, sizeof(elf));
    CHECK(console_has("\"\" is empty or longer than"));
    CHECK_EQ(bootfs_count(), before + 1);
}

TEST(a_module_replaces_a_file)
{
    static const uint8_t other[] = "\x7f"
                                   "ELF, another";
    size_t count;

    bootfs_add("replaced", elf, sizeof(elf));
    count = bootfs_count();
    bootfs_add("replaced", other, sizeof(other));
    CHECK_EQ(bootfs_count(), count);
    check_file("replaced", other, sizeof(other));
    CHECK_EQ(bootfs_find("replaced")->image, NULL);
}

TEST(what_is_no_program_is_said_and_added)
{
    console_clear();
    bootfs_add("text", (const uint8_t *)"hello", 5);
    CHECK_STR_EQ(console, "bootfs: \"text\" is no ELF program: executing it will fail\n");
    check_file("text", "hello", 5);
    console_clear();
    bootfs_add("short",
               (const uint8_t *)"\x7f"
                                "EL",
               3);
    CHECK(console_has("\"short\" is no ELF program"));
    bootfs_add("none", elf, 0);
    CHECK(console_has("\"none\" is no ELF program"));
}

/* Files are sorted by name, in whatever order they were added. */
TEST(files_are_listed_in_order)
{
    for (size_t i = 1; i < bootfs_count(); i++)
        CHECK(strcmp(bootfs_at(i - 1)->name, bootfs_at(i)->name) < 0);
}

/* D40: archives are untrusted. Whatever the headers contain, no byte after the archive is read. */
TEST(random_headers_stay_inside)
{
    static struct archive archive;
    static const char *const names[] = {"cut-a", "cut-b"};
    size_t header[3];

    start(&archive);
    header[0] = archive.size;
    add_file(&archive, names[0], elf, 7);
    header[1] = archive.size;
    add_file(&archive, names[1], elf, 18);
    header[2] = archive.size;
    add_trailer(&archive);
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(archive.size);

        memcpy(copy, archive.bytes, archive.size);
        for (unsigned n = 1 + unit_below(4); n != 0; n--) {
            bool digit = unit_below(4) != 0;

            copy[header[unit_below(3)] + unit_below(HEADER_BYTES)] =
                digit ? (uint8_t) "0123456789ABCDEF"[unit_below(16)] : (uint8_t)unit_random();
        }
        console_clear();
        bootfs_add_archive(copy, archive.size);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            struct bootfs_file *file = bootfs_find(names[i]);

            if (file->data != elf)
                CHECK(file->data >= copy && file->size <= archive.size - (size_t)(file->data - copy));
            bootfs_add(names[i], elf, 4); /* the copy goes */
        }
        free(copy);
    }
}

TEST(a_full_list_says_what_is_left_out)
{
    char name[32], all[100];

    console_clear();
    for (int i = 0; i < 300 && console[0] == '\0'; i++) {
        snprintf(name, sizeof(name), "full-%d", i);
        bootfs_add(name, elf, sizeof(elf));
    }
    CHECK_EQ(bootfs_count(), 192);
    snprintf(all, sizeof(all), "bootfs: \"%s\" was left out: there are 192 files already\n", name);
    CHECK_STR_EQ(console, all);
    CHECK_EQ(bootfs_find(name), NULL);
    console_clear();
    bootfs_add("full-0", elf, 5); /* replacing needs no room */
    CHECK_STR_EQ(console, "");
    check_file("full-0", elf, 5);
}
