/* SPDX-License-Identifier: MIT */
/*
 * page_array - all frames, and the check that one is held. Apart from page.c, because the allocation policies
 * and the heap guards use the array too, and page.c uses them.
 */
#include "mm/page.h"
#include "watch/ledger.h"

struct page *page_array;
size_t page_frames;

const char *const page_owner_names[] = {
#define PAGE_OWNER(NAME, name, text) [PAGE_##NAME] = text,
#include <ucow/enums.def>
};

void page_not_held(const struct page *page)
{
    if (page->count != 0 && page->owner > PAGE_FREE)
        check_failed("frame 0x%x has %u counts, more than there can be: never dropped?",
                     (unsigned)page_to_pfn(page), (unsigned)page->count);
    ledger_print_caller(1, page->caller);
    panic("no one holds a count of frame 0x%x (count %u, owner %s): dropped too often? its last use is above",
          (unsigned)page_to_pfn(page), (unsigned)page->count, page_owner_names[page->owner]);
}
