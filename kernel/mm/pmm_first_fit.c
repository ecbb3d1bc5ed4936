/* SPDX-License-Identifier: MIT */
/*
 * pmm_first_fit - free frames in runs of any length, in order of address; the first that fits is used.
 *
 * A run is linked by its first frame, whose `length` is the number of frames. Between two runs there is at
 * least one frame that is not free, because adjacent runs are joined.
 *
 * The allocator of textbooks: it is short and wastes little memory, but freeing walks the list. Most
 * allocations are single frames, and page.c's cache serves most of those.
 */
#include "lib/util.h"
#include "mm/page.h"
#include "mm/pmm.h"

static struct list_node runs;
static size_t free_frames;

static struct page *run_of(struct list_node *node)
{
    return list_entry(node, struct page, link);
}

static size_t run_end(const struct page *run)
{
    return page_to_pfn(run) + run->length;
}

void pmm_init(void)
{
    list_init(&runs);
    free_frames = 0;
}

/* Remove frames [start, start + n) from `run`; the frames before them stay its own, those after them become a
 * run of their own. */
static void run_cut(struct page *run, size_t start, size_t n)
{
    size_t before = start - page_to_pfn(run);
    size_t after = run_end(run) - (start + n);

    if (after != 0) {
        struct page *rest = &page_array[start + n];

        rest->length = (uint32_t)after;
        list_insert_before(run->link.next, &rest->link);
    }
    run->length = (uint32_t)before;
    if (before == 0)
        list_del(&run->link);
}

/* Join the run at `node` and the next, if they are adjacent. */
static void run_join(struct list_node *node)
{
    struct list_node *next = node->next;

    if (node == &runs || next == &runs || run_end(run_of(node)) != page_to_pfn(run_of(next)))
        return;
    run_of(node)->length += run_of(next)->length;
    list_del(next);
}

void pmm_add(size_t first_pfn, size_t n)
{
    struct page *run = &page_array[first_pfn];
    struct list_node *next = runs.next;

    while (next != &runs && run_of(next) < run)
        next = next->next;
    ASSERT(next == &runs || first_pfn + n <= page_to_pfn(run_of(next)));
    ASSERT(next->prev == &runs || run_end(run_of(next->prev)) <= first_pfn);

    run->length = (uint32_t)n;
    list_insert_before(next, &run->link);
    run_join(&run->link);
    run_join(run->link.prev);
    free_frames += n;
}

struct page *pmm_take(unsigned order)
{
    size_t n = BIT(order);

    list_for_each (node, &runs) {
        struct page *run = run_of(node);
        size_t start = ALIGN_UP(page_to_pfn(run), n);

        if (start + n <= run_end(run)) {
            run_cut(run, start, n);
            free_frames -= n;
            return &page_array[start];
        }
    }
    return NULL;
}

void pmm_give(struct page *page, unsigned order)
{
    pmm_add(page_to_pfn(page), BIT(order));
}

size_t pmm_free_frames(void)
{
    return free_frames;
}

bool pmm_ok(void)
{
    size_t found = 0, end = 0;

    if (!list_ok(&runs))
        return false;
    list_for_each (node, &runs) {
        const struct page *run = run_of(node);

        if (run->owner != PAGE_FREE || run->length == 0)
            return false;
        if (found != 0 && page_to_pfn(run) <= end)
            return false;
        found += run->length;
        end = run_end(run);
    }
    return end <= page_frames && found == free_frames;
}
