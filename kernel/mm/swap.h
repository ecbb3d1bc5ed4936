/*
 * swap - pages of user memory that are on a disk instead of in a frame.
 *
 * The disk is divided into slots of a page each. A slot is held by those who want its page back: one
 * count for each page-table entry or object that names it, as frames are counted by entries. While the
 * page of a slot is in memory too, both hold the same bytes and nobody may write to the page: who
 * wants to write makes it his own first (swap_page_is_sole), or copies it. So a page that comes in
 * comes in once for all who share it, and if nobody wrote to it, it can go again without a transfer.
 *
 * Nothing here sleeps: the disk is polled, and a fork, a fault or an exit sees every page either in
 * memory or on the disk. But any allocation may evict: after it, an entry of any address space that was
 * present may name a slot, unless its frame is held by a count of its own.
 *
 * Meson picks swap_disk.c or swap_off.c; without swap no entry ever names a slot.
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "mm/page.h"

struct lineage;
struct vm_object;

/* What swapping has done since boot, and what room it has, in pages. */
struct swap_info {
    size_t slots, free;
    size_t reads, writes; /* transfers that succeeded */
};

/* Boot: find the disk and make the map of its slots; `alloc` returns zeroed memory. At most `max_bytes` for
 * the map: a larger disk is used in part. Says on the console what was found. */
void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes);

/* Set up the caches of this module and its ledger account. After kmalloc_init(). */
void swap_start(void);

void swap_read_info(struct swap_info *info);

/* How often the slot is named; for tests. */
uint32_t swap_slot_count(uint32_t slot);

/* Whether map, counts and pages agree. Cost grows with the disk: for self-checks only. */
bool swap_ok(void);

/* Have pages leave memory until n frames have become free or no page can go; returns how many became free. */
size_t swap_evict(size_t n);

/* Have this page leave memory; false: it cannot, since the kernel holds it or the disk is full or broken. */
bool swap_evict_page(struct page *page);

/* From now on the page, mapped at `va` by address spaces of `lineage` only, can be evicted. */
void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va);

/* One more entry names the slot; one fewer: with the last one it is free. */
void swap_hold(uint32_t slot);
void swap_drop(uint32_t slot);

/* The page of the slot, the same for all who ask, in memory and held for the caller, in exchange for one
 * count of the slot. -E_NO_MEM, -E_SWAP_FAULT: nothing changed. */
int swap_in(uint32_t slot, uintptr_t va, struct page **page);

/* A page of the caller's own with the bytes of the slot, in exchange for one count of the slot; it has
 * no lineage yet. -E_NO_MEM, -E_SWAP_FAULT: nothing changed. */
int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page);

/* Write the page to a slot, held once for the caller; 0: no slot or no disk that works. */
uint32_t swap_out(struct page *page);

/* How many share the bytes of a private page: by mapping it, or by naming its slot. */
uint32_t swap_page_sharers(const struct page *page);

/* The page has a slot, but nobody names that: give the slot up, and the page can be written to. */
void swap_page_leave_slot(struct page *page);

/* The page leaves memory for good. For page_free(). */
void swap_page_forget(struct page *page);

static inline void swap_page_freed(struct page *page)
{
    bool user = page->owner == PAGE_USER || page->owner == PAGE_SHARED || page->owner == PAGE_CACHE;
    if (CONFIG_SWAP && user && page->lineage != NULL)
        swap_page_forget(page);
}

/* Whether nobody else has the bytes of this private page: whoever maps it may write to it from now on. */
static inline bool swap_page_is_sole(struct page *page)
{
    if (page->count != 1)
        return false;
    if (!CONFIG_SWAP || page->slot == 0)
        return true;
    if (swap_page_sharers(page) != 1)
        return false;
    swap_page_leave_slot(page);
    return true;
}

#endif
