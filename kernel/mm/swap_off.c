/*
 * swap, without: pages stay where they are, and no entry ever names a slot.
 */
#include "mm/swap.h"

#include <ucow/errno.h>

void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes)
{
    (void)alloc;
    (void)max_bytes;
}

void swap_start(void)
{
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){0};
}

uint32_t swap_slot_count(uint32_t slot)
{
    (void)slot;
    return 0;
}

bool swap_ok(void)
{
    return true;
}

size_t swap_evict(size_t n)
{
    (void)n;
    return 0;
}

bool swap_evict_page(struct page *page)
{
    (void)page;
    return false;
}

void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va)
{
    (void)page;
    (void)lineage;
    (void)va;
}

void swap_hold(uint32_t slot)
{
    panic("slot %u is held, but there is no swapping", (unsigned)slot);
}

void swap_drop(uint32_t slot)
{
    panic("slot %u is dropped, but there is no swapping", (unsigned)slot);
}

int swap_in(uint32_t slot, uintptr_t va, struct page **page)
{
    (void)slot;
    (void)va;
    (void)page;
    return -E_SWAP_FAULT;
}

int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page)
{
    (void)slot;
    (void)owner;
    (void)page;
    return -E_SWAP_FAULT;
}

uint32_t swap_out(struct page *page)
{
    (void)page;
    return 0;
}

uint32_t swap_page_sharers(const struct page *page)
{
    return page->count;
}

void swap_page_leave_slot(struct page *page)
{
    (void)page;
}

void swap_page_forget(struct page *page)
{
    (void)page;
}
