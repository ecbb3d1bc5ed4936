/* SPDX-License-Identifier: MIT */
/*
 * vma.c against a model: an array that says for each page what is mapped there.
 *
 * The number of regions must be the number of runs of adjacent pages with the same flags and object.
 */
#include <ucow/errno.h>

#include "host_kernel.h"
#include "mm/point.h"
#include "mm/slab.h"
#include "mm/vma.h"

#define BASE 0x00200000u
#define PAGES 128
#define TOP (BASE + PAGES * PAGE_SIZE)

/* Used by mm_point(), which vma.c calls without a page directory; an optimized build drops the use. */
uint32_t host_cr3, mmu_flushes;
void host_tlb_forget_all(void)
{
}

static const uint32_t some_flags[] = {VM_READ, VM_READ | VM_WRITE, VM_READ | VM_WRITE | VM_SHARED, 0};

static unsigned destroyed;

static void count_destroyed(struct vm_object *object)
{
    (void)object;
    destroyed++;
}

static const struct vm_object_ops ops = {.destroy = count_destroyed};
static struct vm_object objects[2]; /* the test has one reference to each */

struct model_page {
    bool mapped;
    uint32_t flags;
    struct vm_object *object;
};
static struct model_page model[PAGES];
static struct vma_set set;

static struct page *hogged[HOST_FRAMES];
static size_t hogged_n;

static void start(void)
{
    if (host_heap_start())
        vma_init();
    console_clear();
    destroyed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        objects[i] = (struct vm_object){.ops = &ops, .count = 1};
    memset(model, 0, sizeof(model));
    memset(&set, 0, sizeof(set));
}

static uintptr_t page_at(size_t page)
{
    return BASE + page * PAGE_SIZE;
}

static bool page_continues(size_t page)
{
    const struct model_page *a = &model[page - 1], *b = &model[page];

    return a->mapped && a->flags == b->flags && a->object == b->object;
}

static void check_page(const struct vma *vma, size_t page)
{
    CHECK_EQ(vma != NULL, model[page].mapped);
    if (vma == NULL)
        return;
    CHECK(vma->start <= page_at(page) && page_at(page) < vma->end);
    CHECK_EQ(vma->flags, model[page].flags);
    CHECK_EQ(vma->object, model[page].object);
}

/* Check that set and model agree for each page, that there are as few regions as possible, and that each owns
 * one reference to its object. */
static void check_model(void)
{
    size_t regions = 0, counts[ARRAY_SIZE(objects)] = {1, 1};

    CHECK(vma_ok(&set));
    CHECK(rb_ok(&set.root));
    for (size_t page = 0; page < PAGES; page++) {
        check_page(vma_at(&set, page_at(page) + unit_below(PAGE_SIZE)), page);
        if (!model[page].mapped || (page != 0 && page_continues(page)))
            continue;
        regions++;
        if (model[page].object != NULL)
            counts[model[page].object - objects]++;
    }
    CHECK_EQ(set.n, regions);
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        CHECK_EQ(objects[i].count, counts[i]);
    CHECK_EQ(destroyed, 0);
}

static void end(void)
{
    vma_clear(&set);
    memset(model, 0, sizeof(model));
    check_model();
    kmem_shrink();
    CHECK_EQ(kmem_used_bytes(), 0);
    CHECK_EQ(page_free_count(), HOST_FRAMES - 1);
}

static int add(size_t page, size_t n, uint32_t flags, struct vm_object *object)
{
    const struct vma region = {
        .start = page_at(page), .end = page_at(page + n), .flags = flags, .object = object};
    int error;

    vm_object_hold(object);
    error = vma_add(&set, &region);
    for (size_t i = 0; error == 0 && i < n; i++)
        model[page + i] = (struct model_page){true, flags, object};
    return error;
}

static int cut(size_t page, size_t n)
{
    int error = vma_cut(&set, page_at(page), page_at(page + n));

    if (error == 0)
        memset(&model[page], 0, n * sizeof(model[0]));
    return error;
}

static bool any_mapped(size_t page, size_t n)
{
    for (size_t i = page; i < page + n; i++) {
        if (model[i].mapped)
            return true;
    }
    return false;
}

/* D12: whichever part overlaps, nothing changes, and the reference to the object is dropped. */
TEST(a_region_that_overlaps_is_refused)
{
    start();
    CHECK_EQ(add(10, 10, VM_READ, NULL), 0);
    CHECK_EQ(add(30, 10, VM_READ, NULL), 0);
    CHECK_EQ(add(19, 5, VM_READ, &objects[0]), -E_INVAL);  /* the end of the one before */
    CHECK_EQ(add(25, 6, VM_READ, &objects[0]), -E_INVAL);  /* the beginning of the next */
    CHECK_EQ(add(12, 2, VM_READ, &objects[0]), -E_INVAL);  /* inside */
    CHECK_EQ(add(5, 50, VM_READ, &objects[0]), -E_INVAL);  /* containing both */
    CHECK_EQ(add(10, 10, VM_READ, &objects[0]), -E_INVAL); /* the same */
    check_model();
    CHECK_EQ(add(20, 10, VM_WRITE, &objects[0]), 0); /* just fits */
    check_model();
    end();
}

TEST(adjacent_regions_with_equal_flags_and_object_merge)
{
    start();
    add(10, 5, VM_READ, NULL);
    add(20, 5, VM_READ, NULL);
    CHECK_EQ(set.n, 2);
    add(15, 5, VM_READ, NULL);
    CHECK_EQ(set.n, 1);
    add(25, 1, VM_READ | VM_WRITE, NULL); /* other rights */
    CHECK_EQ(set.n, 2);
    add(40, 2, VM_READ, &objects[0]);
    add(42, 2, VM_READ, &objects[0]);
    CHECK_EQ(set.n, 3);
    add(46, 2, VM_READ, &objects[1]); /* another object */
    CHECK_EQ(set.n, 4);
    check_model();
    end();
}

/* D72: a cut may begin and end anywhere, also where nothing is mapped. */
TEST(a_cut_takes_whole_regions_ends_and_middles)
{
    start();
    add(10, 10, VM_READ, &objects[0]);
    add(20, 10, VM_WRITE, &objects[1]);
    CHECK_EQ(cut(0, 5), 0);
    CHECK_EQ(cut(60, 60), 0);
    CHECK_EQ(cut(12, 3), 0);
    check_model();
    CHECK_EQ(set.n, 3);
    CHECK_EQ(cut(5, 6), 0);
    CHECK_EQ(cut(28, 10), 0);
    check_model();
    CHECK_EQ(cut(18, 4), 0);
    check_model();
    CHECK_EQ(cut(0, PAGES), 0);
    CHECK_EQ(set.n, 0);
    check_model();
    end();
}

/* Add regions to a second set until there is no memory for another one. */
static void exhaust_memory(struct vma_set *hog)
{
    struct vma region = {.start = 0, .flags = VM_READ};

    do {
        region.start += 2 * PAGE_SIZE;
        region.end = region.start + PAGE_SIZE;
        if (page_free_count() != 0) /* also allocate frames, or the tree would grow very large */
            hogged[hogged_n++] = page_alloc(PAGE_OTHER);
    } while (vma_add(hog, &region) == 0);
}

static void release_memory(struct vma_set *hog)
{
    vma_clear(hog);
    while (hogged_n != 0)
        page_drop(hogged[--hogged_n]);
}

/* D06 */
TEST(without_memory_nothing_changes)
{
    struct vma_set hog = {.n = 0}, copy = {.n = 0};

    start();
    add(10, 10, VM_READ, &objects[0]);
    exhaust_memory(&hog);
    CHECK_EQ(cut(13, 2), -E_NO_MEM);
    check_model();
    CHECK_EQ(add(30, 2, VM_READ, &objects[1]), -E_NO_MEM);
    check_model();
    CHECK_EQ(vma_copy_all(&copy, &set), -E_NO_MEM);
    CHECK(copy.n == 0 && copy.root.node == NULL && copy.first == NULL);
    check_model();
    CHECK_EQ(cut(10, 2), 0); /* a cut that needs no new region needs no memory */
    CHECK_EQ(cut(18, 5), 0);
    check_model();
    release_memory(&hog);
    CHECK_EQ(cut(13, 2), 0);
    check_model();
    end();
}

/* A copy that fails halfway drops the references it added. */
TEST(a_failed_copy_is_undone)
{
    struct vma_set hog = {.n = 0}, copy = {.n = 0};

    start();
    for (size_t i = 0; i < 20; i++)
        add(5 * i, 2, VM_READ, &objects[i % 2]);
    exhaust_memory(&hog);
    for (int room = 0; room < 10; room++)
        vma_cut(&hog, 0, (2 * (uintptr_t)room + 3) * PAGE_SIZE);
    CHECK_EQ(vma_copy_all(&copy, &set), -E_NO_MEM);
    CHECK(copy.n == 0 && copy.root.node == NULL && copy.first == NULL);
    check_model();
    release_memory(&hog);
    end();
}

TEST(a_copy_has_the_same_regions)
{
    struct vma_set copy = {.n = 0};

    start();
    for (size_t i = 0; i < 10; i++)
        add(5 * i, 2, VM_READ, &objects[0]);
    CHECK_EQ(vma_copy_all(&copy, &set), 0);
    CHECK(vma_ok(&copy) && copy.n == 10);
    CHECK_EQ(objects[0].count, 21);
    for (size_t page = 0; page < PAGES; page++)
        check_page(vma_at(&copy, page_at(page)), page);
    vma_clear(&copy);
    check_model();
    end();
}

/* The start of the highest gap of n pages in [low, high) in the model; 0 if there is none. */
static uintptr_t model_gap(size_t n, size_t low, size_t high)
{
    for (size_t page = high; page >= low + n; page--) {
        if (!any_mapped(page - n, n))
            return page_at(page - n);
    }
    return 0;
}

static void check_gap(void)
{
    size_t low = unit_below(PAGES), high = low + unit_below((unsigned)(PAGES - low) + 1);

    if (unit_below(4) != 0) /* so that searches go on where others ended */
        high = PAGES;
    for (int i = 0; i < 3; i++) {
        size_t n = 1 + unit_below(unit_below(2) == 0 ? 4 : PAGES);
        CHECK_EQ(vma_gap(&set, n * PAGE_SIZE, page_at(low), page_at(high)), model_gap(n, low, high));
        low = unit_below((unsigned)high + 1);
    }
}

static int points;

static int count_point(void)
{
    points++;
    return 0;
}

/* D93: there may be tens of thousands of regions without a gap between them. */
TEST(others_run_after_each_region_that_a_search_passes)
{
    static const volatile bool due = true;
    struct point quiet = mm_points;

    start();
    for (size_t page = 0; page + 1 < PAGES; page += 2)
        CHECK_EQ(add(page, 1, VM_READ, NULL), 0);
    points = 0;
    mm_points = (struct point){&due, count_point};
    CHECK_EQ(vma_gap(&set, 2 * PAGE_SIZE, BASE, TOP), 0);
    mm_points = quiet;
    CHECK(points >= PAGES / 2 - 1);
    end();
}

static void check_neighbours(void)
{
    size_t page = unit_below(PAGES), before = page, after = page;
    struct vma *found = vma_find(&set, page_at(page));

    while (after < PAGES && !model[after].mapped)
        after++;
    CHECK_EQ(found != NULL, after < PAGES);
    if (found != NULL)
        check_page(found, after);
    while (before != 0 && !model[before - 1].mapped)
        before--;
    found = vma_before(&set, page_at(page));
    CHECK_EQ(found != NULL, before != 0);
    if (found != NULL)
        check_page(found, before - 1);
}

/* set->recent must not point to a freed region, whose memory another may already use. */
TEST(the_last_result_is_forgotten_with_its_region)
{
    const struct vma region = {.start = page_at(10), .end = page_at(12), .flags = VM_READ};
    struct vma_set other = {.n = 0};

    start();
    add(10, 2, VM_READ, NULL);
    CHECK(vma_at(&set, page_at(10)) != NULL);
    cut(10, 2);
    CHECK_EQ(vma_add(&other, &region), 0);
    CHECK_EQ(vma_at(&set, page_at(10)), NULL);
    vma_clear(&other);
    end();
}

TEST(random_changes_against_the_model)
{
    start();
    for (int step = 0; step < 30000; step++) {
        size_t page = unit_below(PAGES), n = 1 + unit_below(unit_below(8) == 0 ? PAGES : 6);
        struct vm_object *object = unit_below(2) == 0 ? NULL : &objects[unit_below(2)];

        if (page + n > PAGES)
            continue;
        if (unit_below(3) != 0) {
            bool overlaps = any_mapped(page, n); /* before add() changes the model */

            CHECK_EQ(add(page, n, some_flags[unit_below(4)], object), overlaps ? -E_INVAL : 0);
        } else {
            CHECK_EQ(cut(page, n), 0);
        }
        check_gap();
        check_neighbours();
        check_model();
    }
    end();
}

/* D106: the set has a limit, whatever would add to it; what does not add works at the limit. */
TEST(a_full_set_takes_no_more)
{
    enum { MOST = 65530 }; /* as docs/syscalls.md states */
    const struct vma inside = {.start = page_at(1), .end = page_at(2), .flags = VM_READ};

    start();
    add(0, 3, VM_READ, NULL);
    set.n = MOST;
    CHECK_EQ(add(5, 1, VM_READ, NULL), -E_NO_MEM);
    CHECK_EQ(vma_cut(&set, page_at(1), page_at(2)), -E_NO_MEM);
    set.n = MOST - 1;
    CHECK_EQ(vma_replace(&set, &inside), -E_NO_MEM);
    CHECK_EQ(vma_cut(&set, page_at(2), page_at(3)), 0);
    model[2].mapped = false;
    set.n = 1;
    check_model();
    end();
}

/* D32 */
TEST(the_checker_finds_each_kind_of_error)
{
    struct vma *first;

    start();
    add(10, 2, VM_READ, NULL);
    add(12, 2, VM_WRITE, NULL);
    first = vma_first(&set);
    first->end += PAGE_SIZE;
    CHECK(!vma_ok(&set));
    first->end -= PAGE_SIZE + 1;
    CHECK(!vma_ok(&set));
    first->end = first->start;
    CHECK(!vma_ok(&set));
    first->end = page_at(12);
    CHECK(vma_ok(&set));
    set.n++;
    CHECK(!vma_ok(&set));
    set.n--;
    first->next = NULL;
    CHECK(!vma_ok(&set));
    first->next = first;
    CHECK(!vma_ok(&set));
    first->next = vma_find(&set, page_at(12));
    CHECK(vma_ok(&set));
    end();
}
