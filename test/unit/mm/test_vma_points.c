/* SPDX-License-Identifier: MIT */
/*
 * vma.c where there are many regions: others run meanwhile (D93), what a search has found is used again while
 * it is true, and what was given up leaves nothing. test_vma.c compares sets with a model.
 */
#include <ucow/errno.h>

#include "host_kernel.h"
#include "mm/point.h"
#include "mm/slab.h"
#include "mm/vma.h"

#define BASE 0x00200000u
#define REGIONS 64
#define TOP (BASE + 2 * REGIONS * PAGE_SIZE)
#define REGIONS_AT_A_POINT 16
#define MOST 65530 /* as docs/syscalls.md states */

/* Used by mm_point(), which vma.c calls without a page directory. */
uint32_t host_cr3, mmu_flushes;
void host_tlb_forget_all(void)
{
}

static unsigned destroyed;

static void count_destroyed(struct vm_object *object)
{
    (void)object;
    destroyed++;
}

static const struct vm_object_ops ops = {.destroy = count_destroyed};
static struct vm_object object; /* the test has one reference to it */
static struct vma_set set;

static int points;     /* that were passed */
static int dies_after; /* so many the process is killed */

static int pass(void)
{
    return points++ < dies_after ? 0 : -E_KILLED;
}

/* From now on each point is passed, and counted. */
static void count_points(int lives)
{
    static const volatile bool due = true;
    points = 0;
    dies_after = lives;
    mm_points = (struct point){&due, pass};
}

static void count_no_points(void)
{
    static const volatile bool never;
    mm_points = (struct point){&never, NULL};
}

static uintptr_t page_at(size_t page)
{
    return BASE + page * PAGE_SIZE;
}

static void add(size_t page, size_t n, uint32_t flags)
{
    const struct vma region = {
        .start = page_at(page), .end = page_at(page + n), .flags = flags, .object = &object};
    vm_object_hold(&object);
    CHECK_EQ(vma_add(&set, &region), 0);
}

/* Every second page is a region. */
static void start(void)
{
    if (host_heap_start())
        vma_init();
    count_no_points();
    destroyed = 0;
    object = (struct vm_object){.ops = &ops, .count = 1};
    memset(&set, 0, sizeof(set));
    for (size_t i = 0; i < REGIONS; i++)
        add(2 * i, 1, VM_READ);
}

static void end(void)
{
    count_no_points();
    vma_clear(&set);
    CHECK_EQ(object.count, 1);
    CHECK_EQ(destroyed, 0);
    kmem_shrink();
    CHECK_EQ(kmem_used_bytes(), 0);
    CHECK_EQ(page_free_count(), HOST_FRAMES - 1);
}

/* A process that was killed does not go on, and drops the regions that it has copied. */
TEST(a_copy_for_the_killed_is_undone)
{
    struct vma_set copy = {.n = 0};
    start();
    for (int lives = 0; lives <= REGIONS; lives++) {
        count_points(lives);
        int error = vma_copy_all(&copy, &set);
        count_no_points();
        CHECK_EQ(error, lives < REGIONS ? -E_KILLED : 0); /* a point after each region */
        CHECK_EQ(copy.n, lives < REGIONS ? 0 : REGIONS);
        CHECK_EQ(object.count, 1 + REGIONS + copy.n);
        CHECK(vma_ok(&copy));
        vma_clear(&copy);
    }
    end();
}

/* It goes on when the process was killed: what is gone is gone. */
TEST(others_run_while_regions_are_cut)
{
    start();
    count_points(0);
    CHECK_EQ(vma_cut(&set, BASE, TOP), 0);
    CHECK_EQ(points, REGIONS);
    CHECK_EQ(set.n, 0);
    end();
}

TEST(others_run_while_all_regions_are_removed)
{
    start();
    count_points(0);
    vma_clear(&set);
    CHECK_EQ(points, REGIONS / REGIONS_AT_A_POINT);
    CHECK_EQ(object.count, 1);
    end();
}

/* mmap() makes one mapping below the other: to pass all regions each time would take the square of their
 * number. */
TEST(a_search_goes_on_where_the_last_one_ended)
{
    start();
    count_points(0);
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP), BASE - 2 * PAGE_SIZE);
    CHECK_EQ(points, REGIONS);
    points = 0;
    CHECK_EQ(vma_gap(&set, 3 * PAGE_SIZE, BASE - 3 * PAGE_SIZE, TOP), BASE - 3 * PAGE_SIZE);
    CHECK_EQ(points, 0);
    CHECK_EQ(vma_gap(&set, PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP),
             TOP - PAGE_SIZE); /* a smaller gap is higher */
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP), BASE - 2 * PAGE_SIZE);
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP + 2 * PAGE_SIZE),
             TOP); /* below another end */
    end();
}

TEST(a_gap_that_a_cut_makes_is_found)
{
    start();
    CHECK_EQ(vma_gap(&set, 3 * PAGE_SIZE, BASE, TOP), 0);
    CHECK_EQ(vma_cut(&set, page_at(40), page_at(41)), 0);
    CHECK_EQ(vma_gap(&set, 3 * PAGE_SIZE, BASE, TOP), page_at(39));
    end();
}

TEST(a_set_that_is_cleared_is_searched_from_the_top)
{
    start();
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP), BASE - 2 * PAGE_SIZE);
    vma_clear(&set);
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE - 2 * PAGE_SIZE, TOP), TOP - 2 * PAGE_SIZE);
    end();
}

/* The memory of the region that was found last is another's now. */
TEST(a_set_that_is_cleared_finds_nothing)
{
    struct vma_set other = {.n = 0};
    start();
    CHECK(vma_at(&set, page_at(0)) != NULL);
    vma_clear(&set);
    for (size_t i = 0; i < REGIONS; i++) {
        const struct vma region = {.start = page_at(2 * i), .end = page_at(2 * i + 1), .flags = VM_READ};
        CHECK_EQ(vma_add(&other, &region), 0);
    }
    for (size_t i = 0; i < REGIONS; i++)
        CHECK_EQ(vma_at(&set, page_at(2 * i)), NULL);
    vma_clear(&other);
    end();
}

TEST(a_region_replaces_what_was_there)
{
    const struct vma over = {.start = page_at(1), .end = page_at(4), .flags = VM_WRITE, .object = &object};
    start();
    vm_object_hold(&object);
    CHECK_EQ(vma_replace(&set, &over), 0);
    CHECK(vma_ok(&set));
    CHECK_EQ(set.n, REGIONS); /* one less, and one more */
    CHECK_EQ(object.count, 1 + REGIONS);
    const struct vma *vma = vma_at(&set, page_at(2));
    CHECK(vma->start == page_at(1) && vma->end == page_at(4) && vma->flags == VM_WRITE);
    end();
}

TEST(a_region_that_is_not_replaced_drops_its_object)
{
    const struct vma inside = {.start = page_at(1), .end = page_at(4), .flags = VM_READ, .object = &object};
    start();
    set.n = MOST - 1;
    vm_object_hold(&object);
    CHECK_EQ(vma_replace(&set, &inside), -E_NO_MEM);
    set.n = REGIONS;
    CHECK_EQ(object.count, 1 + REGIONS);
    CHECK(vma_ok(&set));
    end();
}
