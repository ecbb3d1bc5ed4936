/*
 * evict, clock: a page that was used since the hand passed it last gets a second chance.
 *
 * The list is the clock's face, its head the hand: turning the hand moves the first page to the end.
 * Pages come in behind the hand, so they are looked at after a whole turn.
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
    /* After one turn no page has its mark any more, so the second one ends at once. */
    for (size_t left = pages + 1; left > 0 && pages > 0; left--) {
        page = list_entry(list_first(&clock), struct page, link);
        list_move_tail(&clock, &page->link);
        if (!used(page))
            break;
    }
    return page;
}
