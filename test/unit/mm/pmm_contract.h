/* SPDX-License-Identifier: MIT */
/*
 * pmm_contract - what every policy of mm/pmm.h promises; compiled once for each.
 *
 * The model is an array that says for each frame whether it is free. If it has a naturally aligned free
 * block, the policy must find one.
 */
#ifndef PMM_CONTRACT_H
#define PMM_CONTRACT_H

#include "lib/util.h"
#include "mm/page.h"
#include "mm/pmm.h"
#include "unit.h"

#define FRAMES 3000 /* not a power of two: the last blocks have no buddy */

struct page *page_array;
size_t page_frames;

static struct page frames[FRAMES];
static bool is_free[FRAMES];
static size_t free_now;

static inline void start(void)
{
    for (size_t i = 0; i < FRAMES; i++) {
        frames[i] = (struct page){.owner = PAGE_RESERVED};
        is_free[i] = false;
    }
    page_array = frames;
    page_frames = FRAMES;
    free_now = 0;
    pmm_init();
}

/* The model's side of a change. */
static inline void model_set(size_t first, size_t n, bool to_free)
{
    CHECK(first + n <= FRAMES);
    for (size_t pfn = first; pfn < first + n; pfn++) {
        CHECK(is_free[pfn] != to_free);
        is_free[pfn] = to_free;
        frames[pfn].owner = to_free ? PAGE_FREE : PAGE_OTHER;
    }
    free_now = to_free ? free_now + n : free_now - n;
}

static inline void add(size_t first, size_t n)
{
    model_set(first, n, true);
    pmm_add(first, n);
    CHECK_EQ(pmm_free_frames(), free_now);
    CHECK(pmm_ok());
}

static inline bool model_has(unsigned order)
{
    size_t run = 0;

    for (size_t pfn = 0; pfn < FRAMES; pfn++) {
        if ((pfn & (BIT(order) - 1)) == 0)
            run = 0;
        run = is_free[pfn] ? run + 1 : 0;
        if (run == BIT(order))
            return true;
    }
    return false;
}

/* Allocate a block. Returns its frame number, 0 if there is none. */
static inline size_t take(unsigned order)
{
    bool possible = model_has(order);
    struct page *page = pmm_take(order);

    CHECK_EQ(page != NULL, possible);
    if (page == NULL)
        return 0;
    CHECK_EQ(page_to_pfn(page) % BIT(order), 0);
    model_set(page_to_pfn(page), BIT(order), false);
    CHECK_EQ(pmm_free_frames(), free_now);
    /* What page.c and slab.c may do to a frame in use; frames in page.c's cache stay as they are. */
    if (unit_below(2) == 0)
        page->order = (uint8_t)order;
    page->length = 0xffffffff;
    page->link = (struct list_node){NULL, NULL};
    return page_to_pfn(page);
}

static inline void give(size_t pfn, unsigned order)
{
    model_set(pfn, BIT(order), true);
    pmm_give(&frames[pfn], order);
    CHECK_EQ(pmm_free_frames(), free_now);
}

TEST(at_first_nothing_is_free)
{
    start();
    CHECK_EQ(pmm_free_frames(), 0);
    CHECK_EQ(take(0), 0);
    CHECK(pmm_ok());
}

TEST(every_frame_of_odd_ranges_is_allocated_once)
{
    start();
    add(1, 998);
    add(1000, 1); /* frame 999 is not added */
    add(1001, 7); /* adjacent to the last: one range now */
    add(2500, 500);
    while (take(0) != 0)
        CHECK(pmm_ok());
    CHECK_EQ(free_now, 0);
}

TEST(the_largest_block_is_aligned_to_its_size)
{
    start();
    add(1, FRAMES - 1);
    CHECK_EQ(take(PAGE_MAX_ORDER), 1024); /* without frames 0 and 3000 there is no other */
    CHECK_EQ(take(PAGE_MAX_ORDER), 0);
    give(1024, PAGE_MAX_ORDER);
    CHECK(pmm_ok());
}

TEST(frames_freed_in_any_order_merge)
{
    static uint16_t held[FRAMES];
    size_t n = 0;

    start();
    add(1024, 1024);
    for (size_t pfn; (pfn = take(0)) != 0;)
        held[n++] = (uint16_t)pfn;
    CHECK_EQ(n, 1024);
    while (n != 0) {
        size_t i = unit_below((unsigned)n);

        give(held[i], 0);
        held[i] = held[--n];
    }
    CHECK(pmm_ok());
    CHECK_EQ(take(PAGE_MAX_ORDER), 1024);
}

/* D32 */
TEST(the_checker_sees_a_frame_that_is_not_free)
{
    size_t pfn;

    start();
    add(1, 100);
    pfn = take(0);
    give(pfn, 0);
    for (size_t i = 1; i <= 100; i++)
        frames[i].owner = PAGE_USER;
    CHECK(!pmm_ok());
}

TEST(freeing_a_free_block_panics)
{
    size_t pfn;

    start();
    add(64, 64);
    pfn = take(0);
    give(pfn, 0);
    CHECK(PANICS("assertion failed", pmm_give(&frames[64], 6)));
}

/* D07, D28: at the end all frames are free again, and merged. */
TEST(random_blocks_against_the_model)
{
    static struct {
        uint16_t pfn;
        uint8_t order;
    } held[FRAMES];
    size_t n = 0;

    start();
    add(1, 999);
    add(1001, FRAMES - 1001);
    for (int step = 0; step < 20000; step++) {
        bool growing = step / 2000 % 2 == 0;

        if (n == 0 || unit_below(10) < (growing ? 7u : 3u)) {
            unsigned order = unit_below(4) != 0 ? 0 : unit_below(PAGE_MAX_ORDER + 1);
            size_t pfn = take(order);

            if (pfn != 0) {
                held[n].pfn = (uint16_t)pfn;
                held[n++].order = (uint8_t)order;
            }
        } else {
            size_t i = unit_below((unsigned)n);

            give(held[i].pfn, held[i].order);
            held[i] = held[--n];
        }
        if (step % 64 == 0)
            CHECK(pmm_ok());
    }
    while (n-- != 0)
        give(held[n].pfn, held[n].order);
    CHECK(pmm_ok());
    CHECK_EQ(take(PAGE_MAX_ORDER), 1024);
}

#endif
