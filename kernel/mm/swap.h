/* SPDX-License-Identifier: MIT */
/*
 * swap - pages of user memory that are on a disk instead of in a frame.
 *
 * The disk is divided into slots of one page each. A slot has one reference for each page-table entry or
 * object that names it, as a frame has one for each entry that maps it. While the page of a slot is in
 * memory too, both hold the same bytes and the page is mapped read-only: a writer either copies the page or
 * frees the slot first (swap_page_is_sole). So a page is read once for all its sharers, and a page that
 * was not written can be evicted again without a transfer.
 *
 * Nothing here sleeps: the disk is polled, and a fork, a fault or an exit sees every page either in
 * memory or on the disk. But any allocation may evict: after one, an entry of any address space that was
 * present may name a slot, unless the caller holds a reference to its frame.
 *
 * A kernel without swap has no disk: no entry ever names a slot, and everything here is empty.
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/errno.h>

#include "config.h"
#include "mm/page.h"

struct lineage;
struct vm_object;

/* What swapping has done since boot, and what room it has, in pages. */
struct swap_info {
    size_t slots, free;
    size_t reads, writes; /* successful transfers */
};

#if CONFIG_SWAP

/* Boot: find the disk and allocate the table of its slots; `alloc` returns zeroed memory. Uses at most
 * `max_bytes` for the table: a larger disk is used in part. Prints one line if a disk is present. */
void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes);

/* Set up the caches of this module and its ledger account. After kmalloc_init(). */
void swap_start(void);

void swap_read_info(struct swap_info *info);

/* The references to a slot; for tests. */
uint32_t swap_slot_count(uint32_t slot);

/* Whether the slot has one reference, and its page is on the disk only. */
bool swap_slot_is_sole(uint32_t slot);

/* Until swap_exchange_end(), a page that comes into memory may take the place of one that goes to the disk,
 * even if only the last slot is free, which is kept for that. The page that comes in either leaves a slot or
 * can be evicted without one: so memory and disk may be full. Does not nest. */
void swap_exchange_begin(void);
void swap_exchange_end(void);

/* Whether the slot table, counts and pages agree. Cost grows with the disk: for self-checks only. */
bool swap_ok(void);

/* Evict pages until n frames have become free, no page can be evicted, or the search has taken as long as one
 * may. Returns how many frames became free. */
size_t swap_evict(size_t n);

/* Whether the last search found nothing in its time, and has left candidates untried: so an allocation that
 * failed may succeed if it is repeated. */
bool swap_search_goes_on(void);

/* Evict this page. Returns false if it cannot be: it is not user memory, the kernel holds it, or the disk
 * is full or broken. */
bool swap_evict_page(struct page *page);

/* Make the page a candidate for eviction; only address spaces of `lineage` map it, all at `va`. */
void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va);

/* The same for a page of `object`, which every address space maps at `va`. */
void swap_adopt_stored(struct page *page, struct vm_object *object, uintptr_t va);

/* Add or drop a reference to the slot; dropping the last one frees it. Not inline: the loops over the entries
 * of a table seldom call them, and have few registers. */
__attribute__((noinline)) void swap_hold(uint32_t slot);
__attribute__((noinline)) void swap_drop(uint32_t slot);

/* Exchange one reference to the slot for one to its page, which all sharers get and which is read if it is
 * not in memory. Returns 0; -E_NO_MEM or -E_SWAP_FAULT: nothing changed. */
int swap_in(uint32_t slot, uintptr_t va, struct page **page);

/* Exchange one reference to the slot for a page of the caller's own with the same bytes; it has no lineage
 * yet. Returns 0; -E_NO_MEM or -E_SWAP_FAULT: nothing changed. */
int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page);

/* Write the page to a slot. Returns the slot, with one reference for the caller; 0 if none is free or the
 * disk does not work. */
uint32_t swap_out(struct page *page);

/* How many share the bytes of a private page, or of a program's, by mapping it or by naming its slot. */
uint32_t swap_page_sharers(const struct page *page);

/* Free the page's slot, to which there are no references; the page may be written then. */
void swap_page_leave_slot(struct page *page);

/* Forget a private page, or one of an object, whose frame is being freed. For swap_page_freed(). */
void swap_private_forget(struct page *page);
void swap_stored_forget(struct page *page);

/* page.c has allocated this frame, or the block that begins with it. */
static inline void swap_page_allocated(struct page *page)
{
    page->lineage = NULL;
    page->object = NULL;
}

/* page.c is about to free it. */
static inline void swap_page_freed(struct page *page)
{
    if (__builtin_expect(page->owner == PAGE_USER, 1)) {
        if (page->lineage != NULL)
            swap_private_forget(page);
    } else if ((page->owner == PAGE_SHARED || page->owner == PAGE_CACHE) && page->lineage != NULL) {
        swap_stored_forget(page);
    }
}

/* Whether the caller, which maps this private page (or a program's, which is never so), is the only one with
 * its bytes and so may write to it. If so, its slot is freed. */
static inline bool swap_page_is_sole(struct page *page)
{
    if (page->count != 1)
        return false;
    if (page->slot == 0)
        return true;
    if (swap_page_sharers(page) != 1)
        return false;
    swap_page_leave_slot(page);
    return true;
}

#else

static inline void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes)
{
    (void)alloc, (void)max_bytes;
}

static inline void swap_start(void)
{
}

static inline void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){0};
}

static inline bool swap_slot_is_sole(uint32_t slot)
{
    (void)slot;
    return false;
}

static inline void swap_exchange_begin(void)
{
}

static inline void swap_exchange_end(void)
{
}

static inline bool swap_ok(void)
{
    return true;
}

static inline size_t swap_evict(size_t n)
{
    (void)n;
    return 0;
}

static inline bool swap_search_goes_on(void)
{
    return false;
}

static inline bool swap_evict_page(struct page *page)
{
    (void)page;
    return false;
}

static inline void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va)
{
    (void)page, (void)lineage, (void)va;
}

static inline void swap_adopt_stored(struct page *page, struct vm_object *object, uintptr_t va)
{
    (void)page, (void)object, (void)va;
}

static inline void swap_hold(uint32_t slot)
{
    (void)slot;
}

static inline void swap_drop(uint32_t slot)
{
    (void)slot;
}

static inline int swap_in(uint32_t slot, uintptr_t va, struct page **page)
{
    (void)slot, (void)va, (void)page;
    return -E_SWAP_FAULT;
}

static inline int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page)
{
    (void)slot, (void)owner, (void)page;
    return -E_SWAP_FAULT;
}

static inline uint32_t swap_out(struct page *page)
{
    (void)page;
    return 0;
}

static inline uint32_t swap_page_sharers(const struct page *page)
{
    return page->count;
}

static inline void swap_page_allocated(struct page *page)
{
    (void)page;
}

static inline void swap_page_freed(struct page *page)
{
    (void)page;
}

static inline bool swap_page_is_sole(struct page *page)
{
    return page->count == 1;
}

#endif

#endif
