/* SPDX-License-Identifier: MIT */
/*
 * swap_disk - eviction to the second IDE disk, and reading back. The table of slots is swap_slot.c's.
 */
#include "mm/swap.h"

#include <ucow/errno.h>

#include "arch/i386/cpu.h"
#include "arch/i386/mmu.h"
#include "check/hooks.h"
#include "dev/console.h"
#include "dev/ide.h"
#include "lib/string.h"
#include "mm/evict.h"
#include "mm/rmap.h"
#include "mm/swap_slot.h"
#include "mm/vma.h"
#include "watch/trace.h"

#define FAILURES_MAX 8 /* after so many failed writes in a row the disk is not written any more */

/* The candidates that a search tries, and the address spaces that it looks at, are so many at most. */
#define SEARCH_MAX 3000

static size_t reads, writes;
static unsigned failures; /* failed writes since the last one that succeeded */
static size_t stayed;     /* candidates that the last searches could not evict, while each was cut short */
static bool cut_short;    /* the last search found nothing in its time, and has not tried all candidates */

/* ---- Finding the disk ---- */

/* The boot code of a disk with partitions may be zeros, too, and so the whole page counts. */
static bool disk_is_ours(const void *first_page)
{
    const size_t words = PAGE_SIZE / sizeof(uint32_t);
    return memcmp(first_page, "UCOWSWAP", 8) == 0 || cpu_count_words(first_page, 0, words) == words;
}

void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes)
{
    static _Alignas(PAGE_SIZE) uint8_t first_page[PAGE_SIZE];
    size_t pages = ide_init();
    if (pages < 2)
        return;
    if (!ide_read_page(0, first_page)) {
        kprintf("swap: the disk's first page cannot be read: not used\n");
        return;
    }
    if (!disk_is_ours(first_page)) {
        kprintf("swap: the second disk holds something else: not used (its first page is to be zeros)\n");
        return;
    }
    size_t used = slots_init(pages, alloc, max_bytes);
    kprintf("swap: %u KiB on the second IDE disk%s\n", (unsigned)(slots_total() * (PAGE_SIZE / 1024)),
            used < pages ? ", the rest of it is not used" : "");
}

void swap_start(void)
{
    rmap_init();
    slots_open_ledger();
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){slots_total(), slots_free(), reads, writes};
}

#define SUM_STRIDE 16 /* words from one that is summed to the next: 64 bytes */

/* A sum by which bytes that were never written to the slot are noticed. A disk fails by sectors of 512 bytes:
 * the sum has eight words of each, at a sixteenth of the cost of all. */
static uint32_t sum_of(const struct slot *slot, const void *bytes)
{
    const uint32_t *words = bytes;
    uint32_t sum = slot_number(slot);
    for (size_t i = 0; i < PAGE_SIZE / sizeof(uint32_t); i += SUM_STRIDE)
        sum = sum * 31 + words[i];
    return sum;
}

/* Transfer between a slot and a frame; return false if the disk fails. Not inline, so that an injected
 * failure is known by its caller. */
static __attribute__((noinline)) bool slot_read(const struct slot *slot, void *to)
{
    return !inject_fails(INJECT_DISK_READ, (uintptr_t)__builtin_return_address(0)) &&
           ide_read_page(slot_number(slot), to);
}

static __attribute__((noinline)) bool slot_write(const struct slot *slot, const void *from)
{
    return !inject_fails(INJECT_DISK_WRITE, (uintptr_t)__builtin_return_address(0)) &&
           ide_write_page(slot_number(slot), from);
}

/* ---- Candidates for eviction ---- */

void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va)
{
    if (page->lineage != NULL)
        lineage_drop(page->lineage);
    else
        evict_add(page);
    page->lineage = lineage_hold(lineage);
    page->va = va;
}

void swap_adopt_stored(struct page *page, struct vm_object *object, uintptr_t va)
{
    page->object = object;
    swap_adopt(page, object->lineage, va);
}

void swap_stored_forget(struct page *page)
{
    evict_remove(page);
    lineage_drop(page->lineage);
}

void swap_private_forget(struct page *page)
{
    if (page->slot != 0)
        slot_unbind(page);
    swap_stored_forget(page);
}

/* ---- Out ---- */

static void write_failed(struct slot *slot)
{
    kprintf("swap: slot %u cannot be written: not used again\n", (unsigned)slot_number(slot));
    slot_mark_bad(slot);
    if (++failures == FAILURES_MAX)
        kprintf("swap: %u writes failed in a row: nothing is written any more\n", failures);
}

/* Write the page to a new slot, which has no references yet; NULL if none is free or the write fails. */
static struct slot *write_out(struct page *page)
{
    struct slot *slot = slot_alloc(page);
    if (slot == NULL)
        return NULL;
    slot->sum = sum_of(slot, page_to_virt(page));
    if (!slot_write(slot, page_to_virt(page))) {
        write_failed(slot);
        return NULL;
    }
    writes++;
    failures = 0;
    return slot;
}

uint32_t swap_out(struct page *page)
{
    struct slot *slot = write_out(page);
    if (slot == NULL)
        return 0;
    slot_hold(slot, 1);
    return slot_number(slot);
}

/* Evict a private page: its entries name the slot from now on, and own as many references to it as they
 * owned to the frame. */
static bool evict_private(struct page *page)
{
    if (page->slot == 0) {
        struct slot *slot = write_out(page);
        if (slot == NULL)
            return false;
        slot_bind(page, slot);
    }
    TRACE(evict, page_to_phys(page), page->va, page->slot);
    slot_hold(slot_of_page(page), page->count);
    rmap_replace(page, pte_make_swapped(page->slot));
    return true;
}

/* Evict a page of an object: the entries that mapped it become empty, and the object can get it back. */
static bool evict_of_object(struct page *page)
{
    rmap_replace(page, 0);
    TRACE(evict, page_to_phys(page), page->va, 0);
    return page->object->ops->evict(page->object, page->va / PAGE_SIZE);
}

static bool can_write(void)
{
    return slots_available() && failures < FAILURES_MAX;
}

bool swap_evict_page(struct page *page)
{
    bool of_object = page->owner != PAGE_USER;
    bool is_stored = page->owner == PAGE_CACHE || (!of_object && page->slot != 0);
    if (page->lineage == NULL || slots_total() == 0 || (!is_stored && !can_write()))
        return false;
    if (rmap_count(page) + (of_object ? 1 : 0) != page->count)
        return false; /* the kernel holds a reference, or there are too many to look at */
    return of_object ? evict_of_object(page) : evict_private(page);
}

static bool exchanging;

void swap_exchange_begin(void)
{
    exchanging = true;
    slots_keep_last(false);
}

void swap_exchange_end(void)
{
    slots_keep_last(true);
    exchanging = false;
}

static uint32_t search_end; /* of the search: rmap_visits, and one less for each candidate */

static inline bool search_is_over(void)
{
    return (int32_t)(search_end - rmap_visits) <= 0;
}

/* For the policy, which may ask this of many pages. */
static bool was_accessed(const struct page *page)
{
    return !search_is_over() && rmap_test_clear_accessed(page);
}

size_t swap_evict(size_t n)
{
    size_t freed = 0;
    search_end = rmap_visits + SEARCH_MAX;
    for (size_t tries = evict_count(); slots_total() != 0 && freed < n && tries > 0; tries--, search_end--) {
        if (search_is_over() || (exchanging && freed > 0 && !can_write()))
            break; /* in an exchange one frame is enough, and a search for more is long */
        struct page *page = evict_next(was_accessed);
        if (page == NULL)
            break;
        bool went = swap_evict_page(page);
        freed += went;
        stayed += !went;
    }
    cut_short = freed == 0 && search_is_over() && stayed < evict_count();
    if (!cut_short)
        stayed = 0;
    return freed;
}

bool swap_search_goes_on(void)
{
    return cut_short;
}

/* ---- In ---- */

static int read_page(const struct slot *slot, enum page_owner owner, struct page **result)
{
    swap_exchange_begin();
    struct page *page = page_alloc(owner);
    swap_exchange_end();
    if (page == NULL)
        return -E_NO_MEM;
    if (!slot_read(slot, page_to_virt(page))) {
        page_drop(page);
        return -E_SWAP_FAULT;
    }
    if (sum_of(slot, page_to_virt(page)) != slot->sum) {
        kprintf("swap: the disk returned other bytes for slot %u than were written to it\n",
                (unsigned)slot_number(slot));
        page_drop(page);
        return -E_SWAP_FAULT;
    }
    reads++;
    page->caller = slot->caller;
    *result = page;
    return 0;
}

int swap_in(uint32_t slot, uintptr_t va, struct page **page)
{
    struct slot *from = slot_at(slot);
    if (from->page != NULL) {
        page_hold(from->page);
    } else {
        int error = read_page(from, PAGE_USER, page);
        if (error != 0)
            return error;
        swap_adopt(*page, from->lineage, va);
        slot_bind(*page, from);
    }
    *page = from->page;
    slot_drop(from);
    return 0;
}

int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page)
{
    struct slot *from = slot_at(slot);
    int error = read_page(from, owner, page);
    if (error == 0)
        slot_drop(from);
    return error;
}
