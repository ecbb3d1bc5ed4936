/* SPDX-License-Identifier: MIT */
/*
 * pmm_buddy - free frames in blocks of 1, 2, 4 ... 1024, each aligned to its size.
 *
 * The buddy of a block is the neighbour with which it forms an aligned block of twice the size: their frame
 * numbers differ in one bit. Two buddies are never both free, because they would have merged. The first frame
 * of a free block has FREE_BLOCK in its `order`; all other frames, free or in use, do not.
 *
 * Allocating and freeing cost at most one list operation per order.
 */
#include "lib/util.h"
#include "mm/page.h"
#include "mm/pmm.h"

#define FREE_BLOCK 0x80u
#define MOST_BIT (8 * sizeof(size_t) - 1)

static struct list_node blocks[PAGE_MAX_ORDER + 1]; /* the free blocks, by order */
static unsigned filled;                             /* bit k: blocks[k] is not empty */
static size_t free_frames;

static void block_insert(size_t pfn, unsigned order)
{
    struct page *page = &page_array[pfn];

    page->order = (uint8_t)(FREE_BLOCK | order);
    list_add_head(&blocks[order], &page->link);
    filled |= BIT(order);
}

static void block_remove(struct page *page, unsigned order)
{
    page->order = 0;
    list_del(&page->link);
    if (list_empty(&blocks[order]))
        filled &= ~BIT(order);
}

static bool block_is_free(size_t pfn, unsigned order)
{
    return pfn < page_frames && page_array[pfn].order == (FREE_BLOCK | order);
}

void pmm_init(void)
{
    for (unsigned order = 0; order <= PAGE_MAX_ORDER; order++)
        list_init(&blocks[order]);
    filled = 0;
    free_frames = 0;
}

/* The largest block that begins at `pfn`, which is not 0, and has at most n frames. */
static unsigned largest_order(size_t pfn, size_t n)
{
    unsigned aligned = (unsigned)__builtin_ctzl(pfn), fits = MOST_BIT - (unsigned)__builtin_clzl(n);

    return MIN(MIN(aligned, fits), PAGE_MAX_ORDER);
}

void pmm_add(size_t first_pfn, size_t n)
{
    while (n != 0) {
        unsigned order = largest_order(first_pfn, n);

        pmm_give(&page_array[first_pfn], order);
        first_pfn += 1u << order;
        n -= 1u << order;
    }
}

struct page *pmm_take(unsigned order)
{
    unsigned usable = filled & ~(BIT(order) - 1);
    unsigned found;
    struct page *page;

    if (usable == 0)
        return NULL;
    found = (unsigned)__builtin_ctz(usable);
    page = list_entry(blocks[found].next, struct page, link);
    block_remove(page, found);
    while (found > order) {
        found--;
        block_insert(page_to_pfn(page) + BIT(found), found);
    }
    free_frames -= BIT(order);
    return page;
}

void pmm_give(struct page *page, unsigned order)
{
    size_t pfn = page_to_pfn(page);

    ASSERT(pfn % BIT(order) == 0 && (page->order & FREE_BLOCK) == 0);
    free_frames += BIT(order);
    while (order < PAGE_MAX_ORDER && block_is_free(pfn ^ BIT(order), order)) {
        block_remove(&page_array[pfn ^ BIT(order)], order);
        pfn &= ~(size_t)BIT(order);
        order++;
    }
    block_insert(pfn, order);
}

size_t pmm_free_frames(void)
{
    return free_frames;
}

static bool block_ok(const struct page *page, unsigned order)
{
    size_t pfn = page_to_pfn(page);

    return page->order == (FREE_BLOCK | order) && page->owner == PAGE_FREE && pfn % BIT(order) == 0 &&
           pfn + BIT(order) <= page_frames &&
           (order == PAGE_MAX_ORDER || !block_is_free(pfn ^ BIT(order), order));
}

bool pmm_ok(void)
{
    size_t found = 0;

    for (unsigned order = 0; order <= PAGE_MAX_ORDER; order++) {
        if (!list_ok(&blocks[order]) || list_empty(&blocks[order]) == ((filled & BIT(order)) != 0))
            return false;
        list_for_each (node, &blocks[order]) {
            if (!block_ok(list_entry(node, struct page, link), order))
                return false;
            found += BIT(order);
        }
    }
    return found == free_frames;
}
