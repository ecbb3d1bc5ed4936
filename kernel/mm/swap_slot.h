/* SPDX-License-Identifier: MIT */
/*
 * swap_slot - the slots of the swap disk: which are free, who refers to them, which page has their bytes.
 * Only for swap_disk.c; everything else uses swap.h.
 *
 *   a slot is        count      page      meaning
 *   -------------    --------   -------   --------------------------------------------------------
 *   free             0          none
 *   on disk          > 0        none      the first sharer to access the page reads it
 *   in both          > 0        present   the sharers that map the page, and those that name the slot
 *   cached           0          present   all sharers map the page again; it can be evicted without a
 *                                         transfer while it is not written; freed when slots run short
 *   bad              SLOT_BAD   none      a write to it failed: never used again
 *
 * Slot 0 is the disk's first page: it is never written, and tells whether the disk is meant for swap.
 */
#ifndef MM_SWAP_SLOT_H
#define MM_SWAP_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/page.h"
#include "watch/assert.h"

#define SLOT_BAD UINT32_MAX

struct lineage;

struct slot {
    uint32_t count;          /* entries and objects that name it */
    struct page *page;       /* with the same bytes, or NULL */
    struct lineage *lineage; /* of the page; the slot holds a reference */
    uintptr_t caller;        /* who allocated the page (checking builds) */
    uint32_t sum;            /* of the bytes that were written to it */
};

/* The table, by number, and its length; 0 without a disk. Only for the functions below. */
extern struct slot *slots;
extern size_t slots_n;

/* Make a table for a disk of `pages` pages, at least 2, of at most `max_bytes`; `alloc` returns zeroed
 * memory. Returns the number of slots, slot 0 included. */
size_t slots_init(size_t pages, void *(*alloc)(size_t bytes), size_t max_bytes);

/* Open the ledger account of slots. */
void slots_open_ledger(void);

/* The number of slots that can hold pages, and of those that are free. */
static inline size_t slots_total(void)
{
    return slots_n == 0 ? 0 : slots_n - 1;
}

size_t slots_free(void);

/* Keep the last free slot from slot_alloc(), or not. */
void slots_keep_last(bool keep);

/* Whether slot_alloc() can find a slot, cached ones included. */
bool slots_available(void);

/* The slot with this number, to which there are references. */
static inline struct slot *slot_at(uint32_t number)
{
    ASSERT(number < slots_n && slots[number].count > 0 && slots[number].count != SLOT_BAD);
    return &slots[number];
}

static inline uint32_t slot_number(const struct slot *slot)
{
    return (uint32_t)(slot - slots);
}

/* The slot of a page that has one. */
static inline struct slot *slot_of_page(const struct page *page)
{
    return &slots[page->slot];
}

/* Allocate a slot for the page's bytes, without references; NULL if there is none. */
struct slot *slot_alloc(const struct page *page);

/* Never use the slot again. There are no references to it. */
void slot_mark_bad(struct slot *slot);

/* Add `n` references; drop one, with the last of which the slot is free or cached. */
void slot_hold(struct slot *slot, uint32_t n);
void slot_drop(struct slot *slot);

/* Record that the page and the slot have the same bytes. */
void slot_bind(struct page *page, struct slot *slot);

/* Undo slot_bind() for the page, which is freed or written; a slot without references is freed. Not inline:
 * few pages have a slot, and page_free() stays short. */
__attribute__((noinline)) void slot_unbind(struct page *page);

#endif
