/* SPDX-License-Identifier: MIT */
/*
 * evict, first in first out: the page that has been in memory longest, whether it was accessed or not.
 */
#include "mm/evict.h"

static struct list_node queue = LIST_INIT(queue); /* the oldest first */
static size_t queued;

void evict_add(struct page *page)
{
    list_add_tail(&queue, &page->link);
    queued++;
}

void evict_remove(struct page *page)
{
    list_take(&page->link);
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
