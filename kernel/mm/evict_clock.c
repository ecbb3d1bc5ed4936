/* SPDX-License-Identifier: MIT */
/*
 * evict, clock: a page that was accessed since the hand last passed it gets a second chance.
 *
 * The list is the clock's face and its head the hand: turning the hand moves the first page to the end.
 * New pages are added at the end, so the hand reaches them after a whole turn.
 */
#include "mm/evict.h"

static struct list_node clock = LIST_INIT(clock);
static size_t pages;

void evict_add(struct page *page)
{
    list_add_tail(&clock, &page->link);
    pages++;
}

void evict_remove(struct page *page)
{
    list_del(&page->link);
    pages--;
}

size_t evict_count(void)
{
    return pages;
}

struct page *evict_next(bool (*used)(const struct page *page))
{
    struct page *page = NULL;
    /* One turn clears all marks, so the search ends at the latest one page into the second turn. */
    for (size_t left = pages + 1; left > 0 && pages > 0; left--) {
        page = list_entry(list_first(&clock), struct page, link);
        list_move_tail(&clock, &page->link);
        if (!used(page))
            break;
    }
    return page;
}
