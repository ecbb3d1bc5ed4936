/* SPDX-License-Identifier: MIT */
/*
 * swap_disk.c under an eviction policy that is legal and odd: the page that came last goes first.
 */
#include "swap_contract.h"

static struct list_node queue = LIST_INIT(queue); /* the next to evict first */
static size_t queued;

void evict_add(struct page *page)
{
    list_add_head(&queue, &page->link);
    queued++;
}

void evict_remove(struct page *page)
{
    list_del(&page->link);
    queued--;
}

size_t evict_count(void)
{
    return queued;
}

struct page *evict_next(bool (*used)(const struct page *page))
{
    (void)used;
    if (queued == 0)
        return NULL;
    struct page *page = list_entry(list_first(&queue), struct page, link);
    list_move_tail(&queue, &page->link);
    return page;
}
