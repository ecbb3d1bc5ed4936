/*
 * swap, to the second IDE disk.
 *
 *   a slot is        count    page      then
 *   -------------    -----    -------   --------------------------------------------------
 *   free             0        none
 *   on disk          > 0      none      its page is fetched by who needs it first
 *   in both          > 0      present   the page is shared with those who have not fetched it
 *   kept             0        present   only so that an unchanged page can go without a transfer;
 *                                       given up when slots run short
 *   bad              SLOT_BAD none      a write to it failed: never used again
 *
 * Slot 0 is the disk's first page: it is never written, and tells whether the disk is meant for this.
 */
#include "mm/swap.h"

#include <ucow/errno.h>

#include "arch/i386/mmu.h"
#include "check/inject.h"
#include "dev/console.h"
#include "dev/ide.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/evict.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "watch/ledger.h"
#include "watch/trace.h"

#define SLOT_BAD UINT32_MAX
#define FAILURES_MAX 8 /* a disk that fails so often in a row is given up */

static struct slot {
    uint32_t count;          /* entries and objects that name it */
    struct page *page;       /* with the same bytes, or NULL */
    struct lineage *lineage; /* of the page, held */
    uintptr_t site;          /* who took the page (checking builds) */
} * slots;
static uint32_t *in_use; /* a bit for each slot; 0 is in use for ever */
static size_t slots_n, free_n, kept_n, bad_n;
static size_t reads, writes;
static unsigned failures; /* writes that failed one after the other */

/* ---- The map ---- */

static bool disk_is_ours(const void *first_page)
{
    static const char zeros[16];
    return memcmp(first_page, "UCOWSWAP", 8) == 0 || memcmp(first_page, zeros, sizeof(zeros)) == 0;
}

void swap_init(void *(*alloc)(size_t bytes), size_t max_bytes)
{
    static _Alignas(PAGE_SIZE) uint8_t first_page[PAGE_SIZE];
    size_t pages = ide_init();
    if (pages < 2) {
        kprintf("swap: no second IDE disk, pages stay in memory "
                "(QEMU: -drive file=FILE,format=raw,if=ide,index=1)\n");
        return;
    }
    if (!ide_read_page(0, first_page)) {
        kprintf("swap: the disk's first page cannot be read: not used\n");
        return;
    }
    if (!disk_is_ours(first_page)) {
        kprintf("swap: the second disk holds something else: not used (its first bytes are to be zeros)\n");
        return;
    }
    slots_n = MIN(MIN(pages, (size_t)PTE_SLOTS), max_bytes / (sizeof(struct slot) + 1));
    slots = alloc(slots_n * sizeof(struct slot));
    in_use = alloc(BITMAP_WORDS(slots_n) * sizeof(uint32_t));
    bitmap_set(in_use, 0);
    free_n = slots_n - 1;
    kprintf("swap: %u KiB on the second IDE disk%s\n", (unsigned)(free_n * (PAGE_SIZE / 1024)),
            slots_n < pages ? ", the rest of it is not used" : "");
}

static size_t ledger_held(void *keeper)
{
    (void)keeper;
    return slots_n == 0 ? 0 : slots_n - 1 - free_n - kept_n - bad_n;
}

static void ledger_walk(void *keeper, void (*note)(uintptr_t site))
{
    (void)keeper;
    for (size_t i = 1; i < slots_n; i++)
        if (slots[i].count != 0 && slots[i].count != SLOT_BAD)
            note(slots[i].site);
}

void swap_start(void)
{
    static struct ledger_account account = {.name = "swap slots", .held = ledger_held, .walk = ledger_walk};
    rmap_init();
    ledger_open(&account);
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){slots_n == 0 ? 0 : slots_n - 1, free_n, reads, writes};
}

static uint32_t slot_of(const struct slot *slot)
{
    return (uint32_t)(slot - slots);
}

/* Between a slot and a frame; false when the disk fails. Functions of their own, whose callers are sites. */
static __attribute__((noinline)) bool slot_read(const struct slot *slot, void *to)
{
    return !inject_fails(INJECT_DISK_READ, (uintptr_t)__builtin_return_address(0)) &&
           ide_read_page(slot_of(slot), to);
}

static __attribute__((noinline)) bool slot_write(const struct slot *slot, const void *from)
{
    return !inject_fails(INJECT_DISK_WRITE, (uintptr_t)__builtin_return_address(0)) &&
           ide_write_page(slot_of(slot), from);
}

static void slot_free(struct slot *slot)
{
    lineage_drop(slot->lineage);
    *slot = (struct slot){0};
    bitmap_clear(in_use, slot_of(slot));
    free_n++;
}

/* Take slots from pages that have one only for speed. */
static void take_kept(void)
{
    for (size_t i = 1; i < slots_n && kept_n > 0; i++)
        if (slots[i].page != NULL && slots[i].count == 0)
            swap_page_leave_slot(slots[i].page);
}

/* A slot for the page's bytes, named by nobody yet; NULL: there is none. */
static __attribute__((noinline)) struct slot *slot_alloc(const struct page *page)
{
    static unsigned next = 1;
    if (inject_fails(INJECT_SLOT, (uintptr_t)__builtin_return_address(0)))
        return NULL;
    if (free_n == 0)
        take_kept();
    if (free_n == 0)
        return NULL;
    next = bitmap_find_clear(in_use, (unsigned)slots_n, next);
    bitmap_set(in_use, next);
    free_n--;
    struct slot *slot = &slots[next];
    *slot = (struct slot){.lineage = lineage_hold(page->lineage), .site = page->site};
    return slot;
}

static void slot_is_bad(struct slot *slot)
{
    kprintf("swap: slot %u cannot be written: not used again\n", (unsigned)slot_of(slot));
    lineage_drop(slot->lineage);
    *slot = (struct slot){.count = SLOT_BAD};
    bad_n++;
    if (++failures == FAILURES_MAX)
        kprintf("swap: %u writes failed in a row: nothing is written any more\n", failures);
}

void swap_hold(uint32_t slot)
{
    ASSERT(slot < slots_n && slots[slot].count > 0 && slots[slot].count != SLOT_BAD);
    slots[slot].count++;
}

void swap_drop(uint32_t slot)
{
    ASSERT(slot < slots_n && slots[slot].count > 0 && slots[slot].count != SLOT_BAD);
    if (--slots[slot].count != 0)
        return;
    if (slots[slot].page == NULL)
        slot_free(&slots[slot]);
    else
        kept_n++;
}

/* ---- Pages that have a slot ---- */

static void bind(struct page *page, struct slot *slot)
{
    page->slot = slot_of(slot);
    slot->page = page;
    kept_n += slot->count == 0;
}

static void unbind(struct page *page)
{
    struct slot *slot = &slots[page->slot];
    page->slot = 0;
    slot->page = NULL;
    if (slot->count != 0)
        return;
    kept_n--;
    slot_free(slot);
}

void swap_page_leave_slot(struct page *page)
{
    ASSERT(slots[page->slot].count == 0);
    unbind(page);
}

uint32_t swap_page_sharers(const struct page *page)
{
    return page->count + (page->slot != 0 ? slots[page->slot].count : 0);
}

void swap_adopt(struct page *page, struct lineage *lineage, uintptr_t va)
{
    if (page->lineage != NULL)
        lineage_drop(page->lineage);
    else
        evict_add(page);
    page->lineage = lineage_hold(lineage);
    page->va = va;
}

void swap_page_forget(struct page *page)
{
    evict_remove(page);
    if (page->owner == PAGE_USER && page->slot != 0)
        unbind(page);
    lineage_drop(page->lineage);
    page->lineage = NULL;
    page->object = NULL;
}

/* ---- Out ---- */

/* Write the page to a new slot, which nobody names yet; NULL: it cannot be done. */
static struct slot *write_out(struct page *page)
{
    struct slot *slot = slot_alloc(page);
    if (slot == NULL)
        return NULL;
    if (!slot_write(slot, page_to_virt(page))) {
        slot_is_bad(slot);
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
    slot->count = 1;
    return slot_of(slot);
}

/* A private page: its entries name the slot from now on, and own of it what they owned of the frame. */
static bool evict_private(struct page *page)
{
    if (page->slot == 0) {
        struct slot *slot = write_out(page);
        if (slot == NULL)
            return false;
        bind(page, slot);
    }
    struct slot *slot = &slots[page->slot];
    TRACE(evict, page_to_phys(page), page->va, page->slot);
    kept_n -= slot->count == 0;
    slot->count += page->count;
    rmap_replace(page, pte_make_swapped(page->slot));
    return true;
}

/* A page of an object: nobody maps it any more, and the object knows how to get it back. */
static bool evict_of_object(struct page *page)
{
    rmap_replace(page, 0);
    TRACE(evict, page_to_phys(page), page->va, 0);
    return page->object->ops->evict(page->object, page->va / PAGE_SIZE);
}

/* Whether a page can be written somewhere. */
static bool can_write(void)
{
    return free_n + kept_n > 0 && failures < FAILURES_MAX;
}

bool swap_evict_page(struct page *page)
{
    bool of_object = page->owner != PAGE_USER;
    bool is_stored = page->owner == PAGE_CACHE || (!of_object && page->slot != 0);
    if (slots_n == 0 || (!is_stored && !can_write()))
        return false;
    if (rmap_count(page) + (of_object ? 1 : 0) != page->count)
        return false; /* the kernel holds it */
    return of_object ? evict_of_object(page) : evict_private(page);
}

size_t swap_evict(size_t n)
{
    size_t freed = 0;
    for (size_t tries = evict_count(); slots_n != 0 && freed < n && tries > 0; tries--) {
        struct page *page = evict_next(rmap_test_clear_accessed);
        if (page == NULL)
            break;
        freed += swap_evict_page(page);
    }
    return freed;
}

/* ---- In ---- */

static int read_page(const struct slot *slot, enum page_owner owner, struct page **result)
{
    struct page *page = page_alloc(owner);
    if (page == NULL)
        return -E_NO_MEM;
    if (!slot_read(slot, page_to_virt(page))) {
        page_drop(page);
        return -E_SWAP_FAULT;
    }
    reads++;
    page->site = slot->site;
    *result = page;
    return 0;
}

int swap_in(uint32_t slot, uintptr_t va, struct page **page)
{
    struct slot *from = &slots[slot];
    ASSERT(slot < slots_n && from->count > 0);
    if (from->page != NULL) {
        page_hold(from->page);
    } else {
        int error = read_page(from, PAGE_USER, page);
        if (error != 0)
            return error;
        swap_adopt(*page, from->lineage, va);
        bind(*page, from);
    }
    *page = from->page;
    swap_drop(slot);
    return 0;
}

int swap_in_own(uint32_t slot, enum page_owner owner, struct page **page)
{
    ASSERT(slot < slots_n && slots[slot].count > 0);
    int error = read_page(&slots[slot], owner, page);
    if (error == 0)
        swap_drop(slot);
    return error;
}

/* ---- Checking ---- */

uint32_t swap_slot_count(uint32_t slot)
{
    return slots[slot].count;
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
    size_t free = 0, kept = 0, bad = 0;
    for (uint32_t i = 1; i < slots_n; i++) {
        if (!slot_ok(i))
            return false;
        free += !bitmap_test(in_use, i);
        kept += slots[i].page != NULL && slots[i].count == 0;
        bad += slots[i].count == SLOT_BAD;
    }
    return free == free_n && kept == kept_n && bad == bad_n;
}
