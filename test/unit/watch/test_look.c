/* SPDX-License-Identifier: MIT */
/*
 * look.c: page tables whose entries lead somewhere, nowhere, and out of memory. The test says which of the
 * frames can be read.
 */
#include "arch/i386/peek.h"
#include "host_kernel.h"
#include "watch/look.h"

enum { PGDIR = 1, TABLE, DATA, LOST, FRAMES }; /* frames; LOST cannot be read */

#define VA (3 * MMU_TABLE_SPAN + 5 * PAGE_SIZE + 8)

static bool all; /* can be read */

bool peek_readable(uintptr_t va)
{
    uintptr_t frame = (va - (uintptr_t)host_memory) / PAGE_SIZE;

    return all || (frame < FRAMES && frame != LOST);
}

static uint32_t *word_at(uint32_t frame, uint32_t i)
{
    return (uint32_t *)(void *)(host_memory + frame * PAGE_SIZE) + i;
}

#define DIRECTORY (*word_at(PGDIR, 3))
#define ENTRY (*word_at(TABLE, 5))

static void start(void)
{
    memset(host_memory, 0, FRAMES * PAGE_SIZE);
    DIRECTORY = TABLE * PAGE_SIZE | PTE_P;
    ENTRY = DATA * PAGE_SIZE | PTE_P | PTE_U;
    *word_at(DATA, 2) = 0x12345678;
}

static bool finds(uint32_t expected)
{
    uint32_t word = 0;

    return look_word(PGDIR * PAGE_SIZE, VA, &word) && word == expected;
}

static bool finds_nothing(void)
{
    uint32_t word = 7;

    return !look_word(PGDIR * PAGE_SIZE, VA, &word) && word == 7;
}

TEST(a_word_is_found)
{
    struct look_entries entries;

    start();
    CHECK(finds(0x12345678));
    CHECK(look_entries(PGDIR * PAGE_SIZE, VA, &entries));
    CHECK_EQ(entries.directory, DIRECTORY);
    CHECK_EQ(entries.table, ENTRY);
}

TEST(a_large_page_has_no_table)
{
    struct look_entries entries;

    start();
    DIRECTORY = PTE_P | PTE_LARGE; /* the first 4 MiB */
    *word_at(DATA, 0) = 0x99;
    *word_at(0, DATA) = 0x77; /* what its table would have */
    all = true;
    CHECK(look_entries(PGDIR * PAGE_SIZE, 3 * MMU_TABLE_SPAN + DATA * PAGE_SIZE, &entries));
    CHECK_EQ(entries.directory, DIRECTORY);
    CHECK_EQ(entries.table, 0);
    all = false;
    uint32_t word;
    CHECK(look_word(PGDIR * PAGE_SIZE, 3 * MMU_TABLE_SPAN + DATA * PAGE_SIZE, &word));
    CHECK_EQ(word, 0x99);
    CHECK(!look_word(PGDIR * PAGE_SIZE, 3 * MMU_TABLE_SPAN + LOST * PAGE_SIZE, &word));
}

TEST(what_is_not_present_leads_nowhere)
{
    struct look_entries entries;

    start();
    ENTRY &= ~PTE_P;
    CHECK(finds_nothing());
    CHECK(look_entries(PGDIR * PAGE_SIZE, VA, &entries));
    CHECK_EQ(entries.table, ENTRY);
    ENTRY |= PTE_P;
    DIRECTORY &= ~PTE_P;
    CHECK(finds_nothing());
    CHECK(look_entries(PGDIR * PAGE_SIZE, VA, &entries));
    CHECK_EQ(entries.directory, DIRECTORY);
    CHECK_EQ(entries.table, 0);
    DIRECTORY = PTE_LARGE; /* as a large page, but not present */
    *word_at(0, VA % MMU_TABLE_SPAN / sizeof(uint32_t)) = 0x99;
    all = true; /* the page that it would be, too */
    CHECK(finds_nothing());
    all = false;
}

TEST(what_cannot_be_read_is_not_read)
{
    struct look_entries entries;
    uint32_t word;

    start();
    CHECK(!look_entries(LOST * PAGE_SIZE, VA, &entries));
    CHECK_EQ(entries.directory, 0);
    CHECK(!look_word(LOST * PAGE_SIZE, VA, &word));
    CHECK(!look_physical(LOST * PAGE_SIZE, &word));
    CHECK(!look_physical(KMEMSIZE, &word));
    CHECK(!look_physical(0xFFFFFFFC, &word));
    all = true; /* what lies there is nothing of the kernel's */
    CHECK(!look_physical(KMEMSIZE, &word));
    all = false;
    ENTRY = LOST * PAGE_SIZE | PTE_P;
    CHECK(finds_nothing());
    DIRECTORY = LOST * PAGE_SIZE | PTE_P;
    CHECK(!look_entries(PGDIR * PAGE_SIZE, VA, &entries));
    CHECK_EQ(entries.directory, DIRECTORY);
    CHECK_EQ(entries.table, 0);
    CHECK(finds_nothing());
    DIRECTORY = KMEMSIZE | PTE_P | PTE_LARGE;
    CHECK(finds_nothing());
}

TEST(a_range_is_readable_if_each_of_its_pages_is)
{
    const uint8_t *data = host_memory + DATA * PAGE_SIZE, *lost = data + PAGE_SIZE;

    CHECK(look_readable(data, 1));
    CHECK(look_readable(lost - 1, 1));
    CHECK(!look_readable(lost - 1, 2));
    CHECK(!look_readable(lost, 1));
    CHECK(!look_readable(lost + PAGE_SIZE - 1, 1));
    CHECK(look_readable(data - 2 * PAGE_SIZE, 3 * PAGE_SIZE));
    CHECK(look_readable(data - 2 * PAGE_SIZE + 1, 3 * PAGE_SIZE - 1));
    CHECK(!look_readable(data - 2 * PAGE_SIZE + 1, 3 * PAGE_SIZE));
    CHECK(!look_readable(data - PAGE_SIZE, 4 * PAGE_SIZE));
    CHECK(!look_readable(data, 0));
    CHECK(!look_readable(data, SIZE_MAX));
    all = true;
    const void *top = (const void *)(UINTPTR_MAX - 9);
    CHECK(look_readable(top, 10));
    CHECK(!look_readable(top, 11)); /* no range goes on at address 0 */
    all = false;
}
