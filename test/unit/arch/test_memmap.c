/* SPDX-License-Identifier: MIT */
/*
 * memmap.c: wrong memory maps from the firmware, and random maps compared with a bitmap.
 */
#include "arch/i386/memmap.h"
#include "lib/util.h"
#include "unit.h"
#include <string.h>

static struct memmap map;

static void check_sane(void)
{
    for (size_t i = 0; i < map.n; i++) {
        CHECK(map.range[i].start < map.range[i].end && map.range[i].end <= KMEMSIZE);
        CHECK((map.range[i].start | map.range[i].end) % PAGE_SIZE == 0);
        CHECK(i == 0 || map.range[i - 1].end < map.range[i].start); /* adjacent ranges are merged */
    }
    CHECK(map.n <= MEMMAP_MAX);
}

static void check_range(size_t i, uint32_t start, uint32_t end)
{
    CHECK(i < map.n);
    CHECK_EQ(map.range[i].start, start);
    CHECK_EQ(map.range[i].end, end);
}

TEST(only_whole_frames_are_usable)
{
    memmap_init(&map);
    memmap_add(&map, 0x1001, 0x2FFF); /* [0x1001, 0x4000) */
    memmap_add(&map, 0x8000, 0x1FFF);
    memmap_add(&map, 0xC001, 0xFFE); /* contains no whole frame */
    memmap_add(&map, 0x10000, 0);
    check_sane();
    CHECK_EQ(map.n, 2);
    check_range(0, 0x2000, 0x4000);
    check_range(1, 0x8000, 0x9000);
    memmap_reserve(&map, 0x2FFF, 0x3001); /* a partly reserved frame is reserved */
    CHECK_EQ(map.n, 1);
    CHECK_EQ(memmap_bytes(&map), 0x1000);
    CHECK_EQ(memmap_end(&map), 0x9000);
}

/* D37 */
TEST(unsorted_and_overlapping_entries_become_one)
{
    memmap_init(&map);
    memmap_add(&map, 0x30000, 0x10000);
    memmap_add(&map, 0x10000, 0x10000);
    CHECK_EQ(map.overlapping, 0);
    memmap_add(&map, 0x1F000, 0x12000); /* bridges both */
    check_sane();
    CHECK_EQ(map.n, 1);
    check_range(0, 0x10000, 0x40000);
    CHECK_EQ(map.overlapping, 2);
    memmap_add(&map, 0x10000, 0x30000); /* already in the map */
    CHECK_EQ(map.n, 1);
    CHECK_EQ(map.overlapping, 3);
}

TEST(entries_that_touch_are_one_and_not_wrong)
{
    memmap_init(&map);
    memmap_add(&map, 0x20000, 0x10000);
    memmap_add(&map, 0x10000, 0x10000);
    memmap_add(&map, 0x30000, 0x10000);
    CHECK_EQ(map.n, 1);
    check_range(0, 0x10000, 0x40000);
    CHECK_EQ(map.overlapping, 0);
}

/* D37: an end beyond 2^64 is cut off and reported. */
TEST(entries_that_wrap_are_cut)
{
    memmap_init(&map);
    memmap_add(&map, 0x100000, UINT64_MAX);
    CHECK_EQ(map.wrapped, 1);
    check_range(0, 0x100000, KMEMSIZE);
    CHECK_EQ(map.beyond_bytes, UINT64_MAX - KMEMSIZE);
    memmap_add(&map, 0x100000, UINT64_MAX);
    CHECK_EQ(map.beyond_bytes, UINT64_MAX); /* the sum does not wrap (D109) */
    memmap_init(&map);
    memmap_add(&map, UINT64_MAX - 0xFFF, 0x1000); /* ends at 2^64, beyond reach */
    CHECK_EQ(map.n, 0);
    memmap_add(&map, UINT64_MAX, UINT64_MAX);
    CHECK_EQ(map.n, 0);
}

TEST(memory_out_of_reach_is_counted)
{
    memmap_init(&map);
    memmap_add(&map, KMEMSIZE - 0x1000, 0x3000);
    check_range(0, KMEMSIZE - 0x1000, KMEMSIZE);
    CHECK_EQ(map.beyond_bytes, 0x2000);
    memmap_add(&map, 0x100000000, 0x40000000); /* above 4 GiB; its low half is 0 */
    CHECK_EQ(map.n, 1);
    CHECK_EQ(map.beyond_bytes, 0x40002000);
    memmap_reserve(&map, 0x100000000, 0x100001000);
    memmap_reserve(&map, KMEMSIZE, UINT64_MAX);
    CHECK_EQ(map.n, 1);
    check_sane();
}

/* D37: if entries disagree, memory that any of them declares unusable is unusable. */
TEST(reserving_cuts_splits_and_removes)
{
    memmap_init(&map);
    memmap_add(&map, 0x10000, 0x10000);
    memmap_add(&map, 0x30000, 0x10000);
    memmap_reserve(&map, 0x14000, 0x15000);
    check_sane();
    CHECK_EQ(map.n, 3);
    check_range(0, 0x10000, 0x14000);
    check_range(1, 0x15000, 0x20000);
    memmap_reserve(&map, 0x12000, 0x34000);
    check_sane();
    CHECK_EQ(map.n, 2);
    check_range(0, 0x10000, 0x12000);
    check_range(1, 0x34000, 0x40000);
    memmap_reserve(&map, 0x50000, 0x40000); /* end before start: ignored */
    memmap_reserve(&map, 0x11000, 0x11000); /* nothing */
    CHECK_EQ(map.n, 2);
    memmap_reserve(&map, 0, UINT64_MAX);
    CHECK_EQ(map.n, 0);
    CHECK_EQ(memmap_bytes(&map), 0);
    CHECK_EQ(memmap_end(&map), 0);
}

/* D37: entries that do not fit are dropped and reported; the others stay. */
TEST(too_many_entries_are_dropped)
{
    memmap_init(&map);
    for (uint32_t i = 0; i < MEMMAP_MAX + 5; i++)
        memmap_add(&map, (i + 1) * 0x2000u, 0x1000);
    check_sane();
    CHECK_EQ(map.n, MEMMAP_MAX);
    CHECK_EQ(map.dropped, 5);
    memmap_add(&map, 0x3000, 0x1000); /* joins two ranges, which makes room */
    CHECK_EQ(map.n, MEMMAP_MAX - 1);
    check_sane();
}

TEST(a_split_without_room_loses_memory_but_gives_none_away)
{
    memmap_init(&map);
    for (uint32_t i = 0; i < MEMMAP_MAX; i++)
        memmap_add(&map, (i + 1) * 0x10000u, 0x8000);
    memmap_reserve(&map, 0x24000, 0x25000);
    check_sane();
    CHECK_EQ(map.dropped, 1);
    for (size_t i = 0; i < map.n; i++)
        CHECK(map.range[i].end <= 0x24000 || map.range[i].start >= 0x25000);
}

TEST(carving_takes_from_the_map_for_ever)
{
    paddr_t first, second;

    memmap_init(&map);
    memmap_add(&map, 0x10000, 0x4000);
    memmap_add(&map, 0x20000, 0x2000);
    first = memmap_carve(&map, 0x1001); /* two frames */
    CHECK_EQ(memmap_bytes(&map), 0x4000);
    second = memmap_carve(&map, 0x4000);
    CHECK_EQ(memmap_bytes(&map), 0);
    CHECK(first == 0x20000 && second == 0x10000);
    CHECK_EQ(memmap_carve(&map, 1), 0);
    memmap_add(&map, 0x30000, 0x1000);
    CHECK_EQ(memmap_carve(&map, 0x1001), 0);
    CHECK_EQ(memmap_carve(&map, 0x1000), 0x30000);
    memmap_add(&map, 0x40000, 0x4000);
    CHECK_EQ(memmap_carve(&map, 0x2800), 0x40000); /* three frames */
    CHECK_EQ(memmap_bytes(&map), 0x1000);
    check_sane();
}

/* Frames 0 to FRAMES - 1 lie at the end of reachable memory, so some entries extend beyond it. */
#define FRAMES 2048
#define FIRST (KMEMSIZE - (FRAMES - 64) * PAGE_SIZE)

static bool usable[FRAMES];

static void model_set(uint64_t base, uint64_t end, bool whole, bool value)
{
    for (uint64_t i = 0; i < FRAMES; i++) {
        uint64_t start = FIRST + i * PAGE_SIZE, stop = start + PAGE_SIZE;

        if (stop <= KMEMSIZE && (whole ? base <= start && stop <= end : base < stop && start < end))
            usable[i] = value;
    }
}

static void check_model(void)
{
    size_t i = 0, frames = 0;

    check_sane();
    for (size_t frame = 0; frame < FRAMES; frame++) {
        uint32_t pa = FIRST + (uint32_t)frame * PAGE_SIZE;

        while (i < map.n && map.range[i].end <= pa)
            i++;
        CHECK_EQ(i < map.n && map.range[i].start <= pa, usable[frame]);
        frames += usable[frame];
    }
    CHECK_EQ(memmap_bytes(&map), frames * PAGE_SIZE);
}

TEST(random_maps_against_a_bitmap)
{
    for (int round = 0; round < 500; round++) {
        memmap_init(&map);
        memset(usable, 0, sizeof(usable));
        for (int i = 0; i < 40; i++) {
            uint64_t base = FIRST + unit_below(FRAMES * PAGE_SIZE), end = base + unit_below(0x80000);

            if (i < 25)
                memmap_add(&map, base, end - base);
            else
                memmap_reserve(&map, base, end);
            model_set(base, end, i < 25, i < 25);
        }
        check_model();
        CHECK_EQ(map.dropped, 0);
    }
}
