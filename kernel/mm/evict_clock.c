/* SPDX-License-Identifier: MIT */
/*
 * evict, clock: a page that was accessed since the hand last passed it gets a second chance.
 *
 * The list is the clock's face and its head the hand: turning the hand moves the first page to the end.
 * New pages are added at the end, so the hand reaches them after a whole turn.
 */
#include "mm/evict.h"

/* So many pages get a second chance in one search; if all were accessed, the last of them goes. No process
 * runs meanwhile, so the search must not turn the whole clock. */
#define CHANCES_MAX 64

static struct list_node clock = LIST_INIT(clock);
static size_t pages;

void evict_add(struct page *page)
{
    list_add_tail(&clock, &page->link);
    pages++;
}

void evict_remove(struct page *page)
{
    list_take(&page->link);
    pages--;
}

size_t evict_count(void)
{
    return pages;
}

struct page *evict_next(bool (*used)(const struct page *page))
{
    /* LAB 7 begin: evict_next */
    struct page *page = NULL;
    for (size_t left = CHANCES_MAX; left > 0 && pages > 0; left--) {
        page = list_entry(list_first(&clock), struct page, link);
        list_move_tail(&clock, &page->link);
        if (!used(page))
            break;
    }
    return page;
    /* LAB 7 end */
}
