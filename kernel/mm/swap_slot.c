/* SPDX-License-Identifier: MIT */
/*
 * swap_slot - the table of slots, and a bitmap in which free ones are found.
 */
#include "mm/swap_slot.h"

#include "arch/i386/mmu.h"
#include "check/hooks.h"
#include "lib/bitmap.h"
#include "lib/util.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "watch/ledger.h"

struct slot *slots;
static uint32_t *in_use; /* a bit for each slot; that of slot 0 is always set */
size_t slots_n;
static size_t free_n, cached_n, bad_n;
static size_t kept_n = 1; /* free slots that slot_alloc() leaves; see swap_exchange_begin() */

size_t slots_init(size_t pages, void *(*alloc)(size_t bytes), size_t max_bytes)
{
    slots_n = MIN(MIN(pages, (size_t)PTE_SLOTS), max_bytes / (sizeof(struct slot) + 1));
    slots = alloc(slots_n * sizeof(struct slot));
    in_use = alloc(BITMAP_WORDS(slots_n) * sizeof(uint32_t));
    bitmap_set(in_use, 0);
    free_n = slots_n - 1;
    return slots_n;
}

static size_t ledger_held(void *context)
{
    (void)context;
    return slots_total() - free_n - cached_n - bad_n;
}

static void ledger_walk(void *context, void (*visit)(uintptr_t caller))
{
    (void)context;
    for (size_t i = 1; i < slots_n; i++)
        if (slots[i].count != 0 && slots[i].count != SLOT_BAD)
            visit(slots[i].caller);
}

void slots_open_ledger(void)
{
    static struct ledger_account account = {.name = "swap slots", .held = ledger_held, .walk = ledger_walk};
    ledger_open(&account);
}

size_t slots_free(void)
{
    return free_n;
}

void slots_keep_last(bool keep)
{
    kept_n = keep;
}

bool slots_available(void)
{
    return free_n + cached_n > kept_n;
}

static void slot_free(struct slot *slot)
{
    lineage_drop(slot->lineage);
    *slot = (struct slot){0};
    bitmap_clear(in_use, slot_number(slot));
    free_n++;
}

static void free_cached_slots(void)
{
    for (size_t i = 1; i < slots_n && cached_n > 0; i++)
        if (slots[i].page != NULL && slots[i].count == 0)
            swap_page_leave_slot(slots[i].page);
}

/* Not inline, so that an injected failure is known by its caller. */
__attribute__((noinline)) struct slot *slot_alloc(const struct page *page)
{
    static unsigned next = 1;
    if (inject_fails(INJECT_SLOT, (uintptr_t)__builtin_return_address(0)))
        return NULL;
    if (free_n <= kept_n)
        free_cached_slots();
    if (free_n <= kept_n)
        return NULL;
    next = bitmap_find_clear(in_use, (unsigned)slots_n, next);
    bitmap_set(in_use, next);
    free_n--;
    struct slot *slot = &slots[next];
    *slot = (struct slot){.lineage = lineage_hold(page->lineage), .caller = page->caller};
    return slot;
}

void slot_mark_bad(struct slot *slot)
{
    lineage_drop(slot->lineage);
    *slot = (struct slot){.count = SLOT_BAD};
    bad_n++;
}

void slot_hold(struct slot *slot, uint32_t n)
{
    if (slot->count == 0 && slot->page != NULL)
        cached_n--;
    slot->count += n;
}

void swap_hold(uint32_t slot)
{
    slot_hold(slot_at(slot), 1);
}

void slot_drop(struct slot *slot)
{
    if (--slot->count != 0)
        return;
    if (slot->page == NULL)
        slot_free(slot);
    else
        cached_n++;
}

void swap_drop(uint32_t slot)
{
    slot_drop(slot_at(slot));
}

void slot_bind(struct page *page, struct slot *slot)
{
    page->slot = slot_number(slot);
    slot->page = page;
    cached_n += slot->count == 0;
}

void slot_unbind(struct page *page)
{
    struct slot *slot = slot_of_page(page);
    page->slot = 0;
    slot->page = NULL;
    if (slot->count != 0)
        return;
    cached_n--;
    slot_free(slot);
}

void swap_page_leave_slot(struct page *page)
{
    ASSERT(slots[page->slot].count == 0);
    slot_unbind(page);
}

uint32_t swap_page_sharers(const struct page *page)
{
    return page->count + (page->owner == PAGE_USER && page->slot != 0 ? slots[page->slot].count : 0);
}

uint32_t swap_slot_count(uint32_t slot)
{
    return slots[slot].count;
}

bool swap_slot_is_sole(uint32_t slot)
{
    return slots[slot].count == 1 && slots[slot].page == NULL;
}

static bool slot_ok(uint32_t number)
{
    const struct slot *slot = &slots[number];
    if (slot->count == SLOT_BAD)
        return slot->page == NULL && slot->lineage == NULL && bitmap_test(in_use, number);
    bool used = slot->count != 0 || slot->page != NULL;
    return used == bitmap_test(in_use, number) && used == (slot->lineage != NULL) &&
           (slot->page == NULL || (slot->page->slot == number && slot->page->count != 0));
}

bool swap_ok(void)
{
    size_t free = 0, cached = 0, bad = 0;
    for (uint32_t i = 1; i < slots_n; i++) {
        if (!slot_ok(i))
            return false;
        free += !bitmap_test(in_use, i);
        cached += slots[i].page != NULL && slots[i].count == 0;
        bad += slots[i].count == SLOT_BAD;
    }
    return free == free_n && cached == cached_n && bad == bad_n;
}
