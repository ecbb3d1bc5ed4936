/* SPDX-License-Identifier: MIT */
/*
 * multiboot.c: valid and invalid boot information. The tests write its structures word by word (Multiboot
 * 0.6.96, 3.3), independently of the kernel's definitions.
 */
#include <stdio.h>
#include <string.h>

#include "arch/i386/multiboot.h"
#include "lib/util.h"
#include "unit.h"

uint8_t host_memory[KMEMSIZE]; /* a byte beyond it belongs to the sanitizer */

#define LOW_BYTES (64 * PAGE_SIZE) /* where everything is but what lies at the end of memory */

#define INFO 0x1000u
#define MMAP 0x2000u
#define MODS 0x3000u
#define TEXT 0x4000u
#define KERNEL_END 0x200000u
#define MIB 0x100000u

/* Word indices in the boot information. */
enum {
    FLAGS,
    MEM_LOWER,
    MEM_UPPER,
    BOOT_DEVICE,
    CMDLINE,
    MODS_COUNT,
    MODS_ADDR,
    MMAP_LENGTH = 11,
    MMAP_ADDR
};
enum { HAS_MEMORY = 1, HAS_CMDLINE = 4, HAS_MODULES = 8, HAS_MMAP = 64 };

static struct boot_info boot;
static uint32_t mmap_used;

static uint32_t *words(uint32_t pa)
{
    return (uint32_t *)(host_memory + pa);
}

static void start(uint32_t flags)
{
    memset(host_memory, 0, LOW_BYTES);
    memset(host_memory + KMEMSIZE - PAGE_SIZE, 0, PAGE_SIZE);
    mmap_used = 0;
    words(INFO)[FLAGS] = flags;
    words(INFO)[MEM_LOWER] = 639;
    words(INFO)[MEM_UPPER] = 3 * 1024; /* 4 MiB in total */
    words(INFO)[MMAP_ADDR] = MMAP;
    words(INFO)[MODS_ADDR] = MODS;
}

static void text(uint32_t pa, const char *string)
{
    strcpy((char *)host_memory + pa, string);
}

/* Append an entry to the memory map; `size` is the value of its size field. */
static void mmap_entry(uint32_t size, uint64_t base, uint64_t length, uint32_t type)
{
    uint8_t *at = host_memory + MMAP + mmap_used;

    memcpy(at, &size, 4);
    memcpy(at + 4, &base, 8);
    memcpy(at + 12, &length, 8);
    memcpy(at + 20, &type, 4);
    mmap_used += size + 4;
    words(INFO)[MMAP_LENGTH] = mmap_used;
}

static void module(uint32_t i, uint32_t begin, uint32_t end, const char *string)
{
    uint32_t *entry = words(MODS) + 4 * i, place = TEXT + 256 * i;

    entry[0] = begin;
    entry[1] = end;
    entry[2] = place;
    text(place, string);
    words(INFO)[MODS_COUNT] = i + 1;
}

static void read_all(void)
{
    multiboot_read(&boot, INFO, KERNEL_END);
}

static bool is_usable(uint32_t pa)
{
    for (size_t i = 0; i < boot.memory.n; i++) {
        if (boot.memory.range[i].start <= pa && pa < boot.memory.range[i].end)
            return true;
    }
    return false;
}

/* Frame 0 and the kernel are never usable. */
static void check_reserved(void)
{
    CHECK(!is_usable(0) && !is_usable(MIB) && !is_usable(KERNEL_END - 1));
}

TEST(a_good_map_is_believed)
{
    start(HAS_MMAP);
    mmap_entry(20, 0, 639 * 1024, 1);
    mmap_entry(20, 0xF0000, 0x10000, 2);
    mmap_entry(28, MIB, 127 * MIB, 1); /* entries may be longer than 20 bytes */
    mmap_entry(20, 0xFFFC0000, 0x40000, 2);
    words(INFO)[MODS_ADDR] = 0xFFFFFFFF; /* there are no modules: it may be anything */
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    check_reserved();
    CHECK(is_usable(PAGE_SIZE) && is_usable(0x9E000) && !is_usable(0x9F000));
    CHECK(is_usable(KERNEL_END) && is_usable(128 * MIB - 1) && !is_usable(128 * MIB));
    CHECK_EQ(memmap_end(&boot.memory), 128 * MIB);
}

/* D37: memory that any entry declares unusable is unusable, in any order of entries. */
TEST(unusable_wins)
{
    for (int order = 0; order < 2; order++) {
        start(HAS_MMAP);
        if (order == 1)
            mmap_entry(20, 4 * MIB, MIB, 2);
        mmap_entry(20, MIB, 15 * MIB, 1);
        mmap_entry(20, 8 * MIB, MIB, 77); /* an unknown type */
        if (order == 0)
            mmap_entry(20, 4 * MIB, MIB, 2);
        read_all();
        CHECK(is_usable(3 * MIB) && !is_usable(4 * MIB) && !is_usable(8 * MIB) && is_usable(9 * MIB));
    }
    start(HAS_MMAP);
    mmap_entry(20, MIB, 15 * MIB, 1);
    mmap_entry(20, 3 * MIB, 8 * MIB, 2); /* longer than what is below it */
    read_all();
    CHECK(is_usable(3 * MIB - 1) && !is_usable(3 * MIB) && !is_usable(11 * MIB - 1) && is_usable(11 * MIB));
}

/* D37: an unusable entry that wraps extends to the end of memory, like a usable one. */
TEST(unusable_wins_also_when_it_wraps)
{
    start(HAS_MMAP);
    mmap_entry(20, MIB, 15 * MIB, 1);
    mmap_entry(20, 8 * MIB, UINT64_MAX, 2);
    read_all();
    CHECK(is_usable(7 * MIB));
    CHECK(!is_usable(8 * MIB) && !is_usable(16 * MIB - 1));
}

/* mem_lower and mem_upper, in KiB, are used if the map cannot be read. */
static void check_falls_back(void)
{
    words(INFO)[FLAGS] |= HAS_MEMORY;
    read_all();
    CHECK(boot.problems_n == 1 && strstr(boot.problems[0], "memory map is broken") != NULL);
    check_reserved();
    CHECK(is_usable(0x9E000) && is_usable(KERNEL_END) && !is_usable(4 * MIB));
    CHECK_EQ(memmap_end(&boot.memory), 4 * MIB);
}

/* D37 */
TEST(broken_maps_are_not_believed)
{
    static const uint32_t sizes[] = {0, 1, 19, 0x7FFFFFFF, 0xFFFFFFEC, 0xFFFFFFFC, 0xFFFFFFFF};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        start(HAS_MMAP);
        mmap_entry(20, MIB, 100 * MIB, 1);
        mmap_entry(20, 101 * MIB, MIB, 1);
        words(MMAP + 24)[0] = sizes[i];
        words(INFO)[MODS_ADDR] = 0xFFFFFFFF;
        check_falls_back();
    }
    start(HAS_MMAP); /* no entry */
    check_falls_back();
    start(HAS_MMAP); /* no complete entry */
    mmap_entry(20, MIB, 100 * MIB, 1);
    words(INFO)[MMAP_LENGTH] = 23;
    check_falls_back();
    start(HAS_MMAP); /* at the end of reachable memory, and beyond it */
    words(INFO)[MMAP_LENGTH] = 24;
    words(INFO)[MMAP_ADDR] = KMEMSIZE - 23;
    check_falls_back();
    words(INFO)[MMAP_ADDR] = 0xFFFFFFF0;
    check_falls_back();
    words(INFO)[MMAP_ADDR] = MMAP;
    words(INFO)[MMAP_LENGTH] = 0xFFFFFFFF;
    check_falls_back();
    start(HAS_MMAP); /* nothing usable */
    mmap_entry(20, MIB, 100 * MIB, 2);
    check_falls_back();
}

TEST(a_map_without_end_is_broken)
{
    start(HAS_MMAP);
    for (uint32_t i = 0; i < 128; i++)
        mmap_entry(20, (i + 1) * MIB, MIB, 1);
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    CHECK_EQ(memmap_end(&boot.memory), 129 * MIB);
    mmap_entry(20, 129 * MIB, MIB, 1);
    check_falls_back();
}

TEST(an_entry_may_be_longer_than_64_kib)
{
    start(HAS_MMAP);
    mmap_entry(70000, MIB, 3 * MIB, 1);
    mmap_entry(20, 16 * MIB, MIB, 1);
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    CHECK_EQ(memmap_end(&boot.memory), 17 * MIB);
}

/* If the length does not end at an entry boundary, the rest is ignored. */
TEST(half_an_entry_at_the_end_is_ignored)
{
    start(HAS_MMAP);
    mmap_entry(20, MIB, 15 * MIB, 1);
    mmap_entry(20, 16 * MIB, MIB, 1);
    words(INFO)[MMAP_LENGTH] -= 1;
    read_all();
    CHECK_EQ(memmap_end(&boot.memory), 16 * MIB);
}

TEST(two_sizes_are_enough)
{
    start(HAS_MEMORY);
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    CHECK(is_usable(PAGE_SIZE) && is_usable(0x9E000) && !is_usable(0x9F000));
    CHECK_EQ(memmap_end(&boot.memory), 4 * MIB);
    CHECK_EQ(boot.memory.overlapping, 0);
    words(INFO)[MEM_UPPER]--; /* no whole frame is at the end */
    read_all();
    CHECK_EQ(memmap_end(&boot.memory), 4 * MIB - PAGE_SIZE);
    words(INFO)[MEM_LOWER] = words(INFO)[MEM_UPPER] = 0xFFFFFFFF;
    read_all();
    CHECK(!is_usable(0xA0000)); /* video memory */
    CHECK_EQ(memmap_end(&boot.memory), KMEMSIZE);
    CHECK(boot.memory.beyond_bytes != 0);
    check_reserved();
}

TEST(a_loader_that_says_nothing)
{
    start(0);
    read_all();
    CHECK_EQ(boot.memory.n, 0);
    CHECK_EQ(boot.modules_n, 0);
    CHECK_STR_EQ(boot.cmdline, "");
    multiboot_read(&boot, 0, KERNEL_END);
    CHECK_EQ(boot.problems_n, 1);
    multiboot_read(&boot, 0xFFFFFFFC, KERNEL_END);
    CHECK_EQ(boot.problems_n, 1);
    CHECK_EQ(boot.memory.n, 0);
}

/* What it does not promise is not looked at: the words may be garbage. */
TEST(what_a_loader_does_not_promise_is_not_read)
{
    start(HAS_MEMORY);
    module(0, 3 * MIB, 3 * MIB + 5000, "my");
    words(INFO)[CMDLINE] = TEXT;
    text(TEXT, "a=1 -- exit");
    mmap_entry(20, 0, 64 * MIB, 1);
    read_all();
    CHECK(!is_usable(5 * MIB));
    CHECK_EQ(boot.modules_n, 0);
    CHECK_STR_EQ(boot.cmdline, "");
    CHECK(is_usable(3 * MIB));
    CHECK_EQ(boot.problems_n, 0);
    words(INFO)[FLAGS] = HAS_CMDLINE;
    read_all();
    CHECK_STR_EQ(boot.cmdline, "a=1 -- exit");
    CHECK_EQ(boot.memory.n, 0);
}

TEST(the_command_line_is_copied_and_bounded)
{
    static char longest[BOOT_CMDLINE_BYTES + 1];

    start(HAS_CMDLINE);
    words(INFO)[CMDLINE] = TEXT;
    text(TEXT, "a=1 -- exit");
    read_all();
    CHECK_STR_EQ(boot.cmdline, "a=1 -- exit");
    memset(longest, 'x', BOOT_CMDLINE_BYTES);
    longest[BOOT_CMDLINE_BYTES - 1] = '\0';
    text(TEXT, longest);
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    CHECK_STR_EQ(boot.cmdline, longest);
    longest[BOOT_CMDLINE_BYTES - 1] = 'x';
    text(TEXT, longest);
    read_all();
    CHECK(boot.problems_n == 1 && strstr(boot.problems[0], "command line is too long") != NULL);
    CHECK_EQ(strlen(boot.cmdline), BOOT_CMDLINE_BYTES - 1);
    words(INFO)[CMDLINE] = 0xFFFFFFFF;
    read_all();
    CHECK_STR_EQ(boot.cmdline, "");
    CHECK(boot.problems_n == 1 && strstr(boot.problems[0], "command line lies outside") != NULL); /* D109 */
    words(INFO)[CMDLINE] = 0;                                                                     /* none */
    read_all();
    CHECK_EQ(boot.problems_n, 0);
}

/* QEMU puts the kernel's path first; GRUB does not. */
TEST(a_module_is_named_by_its_string)
{
    static const struct {
        const char *string, *name;
    } cases[] = {{"dir/my.elf my", "my"},   {"/abs/dir/other.elf", "other.elf"},
                 {"plain", "plain"},        {"dir/my.elf   spaced  more", "spaced"},
                 {"dir/my.elf ", "my.elf"}, {"dir/my.elf a/b", "a/b"},
                 {"", "module0"},           {"dir/", "module0"},
                 {"  ", "module0"},         {" my", "my"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start(HAS_MODULES | HAS_MEMORY);
        module(0, 3 * MIB, 3 * MIB + 5000, cases[i].string);
        read_all();
        CHECK_EQ(boot.modules_n, 1);
        CHECK_STR_EQ(boot.modules[0].name, cases[i].name);
        CHECK(boot.modules[0].start == 3 * MIB && boot.modules[0].end == 3 * MIB + 5000);
        CHECK(!is_usable(3 * MIB) && !is_usable(3 * MIB + 0x1FFF) && is_usable(3 * MIB + 0x2000));
    }
}

/* v86 gives modules no string. (D101) */
TEST(a_module_without_a_string_has_a_number)
{
    start(HAS_MODULES | HAS_MEMORY);
    for (uint32_t i = 0; i < 3; i++)
        module(i, 3 * MIB + i * PAGE_SIZE, 3 * MIB + i * PAGE_SIZE + 1, "named");
    text(0, "what is at 0");
    words(MODS)[2] = 0;
    words(MODS + 32)[2] = 0xFFFFFFFF;
    read_all();
    CHECK_EQ(boot.modules_n, 3);
    CHECK_EQ(boot.problems_n, 0);
    CHECK_STR_EQ(boot.modules[0].name, "module0");
    CHECK_STR_EQ(boot.modules[1].name, "named");
    CHECK_STR_EQ(boot.modules[2].name, "module2");
    for (uint32_t i = 0; i < 4; i++)
        CHECK_EQ(is_usable(3 * MIB + i * PAGE_SIZE), i == 3);
}

/* A string without an end before it ends with the memory. (D109) */
TEST(strings_and_modules_may_end_with_the_memory)
{
    start(HAS_MODULES | HAS_CMDLINE);
    module(0, KMEMSIZE - PAGE_SIZE, KMEMSIZE, "");
    module(1, 3 * MIB, 3 * MIB + 1, "");
    memcpy(host_memory + KMEMSIZE - 3, "end", 3);
    words(MODS)[2] = KMEMSIZE - 3;
    words(MODS + 16)[2] = KMEMSIZE - 1;
    words(INFO)[CMDLINE] = KMEMSIZE - 3;
    read_all();
    CHECK_EQ(boot.modules_n, 2);
    CHECK_EQ(boot.modules[0].end, KMEMSIZE);
    CHECK_STR_EQ(boot.modules[0].name, "end");
    CHECK_STR_EQ(boot.modules[1].name, "d");
    CHECK_STR_EQ(boot.cmdline, "end");
    CHECK(boot.problems_n == 1 && strstr(boot.problems[0], "command line is too long") != NULL);
    words(MODS)[0] = KMEMSIZE; /* of no byte, but beyond */
    read_all();
    CHECK_EQ(boot.modules_n, 1);
    CHECK_EQ(boot.problems_n, 2);

    start(HAS_MODULES); /* so may their list */
    module(0, 3 * MIB, 3 * MIB, "empty");
    words(INFO)[MODS_ADDR] = KMEMSIZE - 16;
    memcpy(words(KMEMSIZE - 16), words(MODS), 16);
    read_all();
    CHECK_EQ(boot.problems_n, 0);
    CHECK_EQ(boot.modules_n, 1);
    CHECK_STR_EQ(boot.modules[0].name, "empty");
}

/* D45 */
TEST(a_long_module_name_is_cut)
{
    char name[200];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    start(HAS_MODULES);
    module(0, 3 * MIB, 3 * MIB + 1, name);
    read_all();
    CHECK_EQ(strlen(boot.modules[0].name), BOOT_NAME_BYTES - 1);
}

/* D60: ignored items are reported. */
TEST(modules_we_cannot_take_are_said)
{
    start(HAS_MODULES);
    for (uint32_t i = 0; i < BOOT_MODULES_MAX + 1; i++)
        module(i, 3 * MIB + i * PAGE_SIZE, 3 * MIB + i * PAGE_SIZE + 1, "m");
    read_all();
    CHECK_EQ(boot.modules_n, BOOT_MODULES_MAX);
    CHECK(boot.problems_n == 1 && strstr(boot.problems[0], "more than 16 boot modules") != NULL);

    start(HAS_MODULES);
    module(0, 3 * MIB, 2 * MIB, "backwards");
    module(1, KMEMSIZE - 1, KMEMSIZE + 1, "half out of reach");
    module(2, 0xFFFFF000, 0xFFFFFFFF, "out of reach");
    module(3, 3 * MIB, 3 * MIB + 1, "good");
    read_all();
    CHECK_EQ(boot.modules_n, 1);
    CHECK_STR_EQ(boot.modules[0].name, "good");
    CHECK_EQ(boot.problems_n, 3);
    words(INFO)[MODS_ADDR] = 0xFFFFFFF8;
    read_all();
    CHECK(boot.modules_n == 0 && boot.problems_n == 1);
    words(INFO)[MODS_ADDR] = MODS;
    words(INFO)[MODS_COUNT] = 0xFFFFFFFF;
    read_all();
    CHECK_EQ(boot.modules_n, 1);
}
