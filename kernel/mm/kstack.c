/* SPDX-License-Identifier: MIT */
/*
 * kstack - kernel stacks in slots of the kernel's virtual area, each a guard page and a stack.
 *
 * A few free stacks stay mapped, so that most forks and exits do not change the kernel's page tables.
 */
#include "mm/kstack.h"

#include "arch/i386/mmu.h"
#include "check/hooks.h"
#include "mm/page.h"
#include "watch/assert.h"
#include "watch/ledger.h"

#define CACHE_MAX 16

static uint16_t *free_slot; /* a stack of slots that were used and freed */
static size_t free_slots_n;
static size_t fresh_slot, slots_n; /* slots from `fresh_slot` to slots_n - 1 were never used */
static size_t used;
static uintptr_t cache[CACHE_MAX]; /* stacks that are free and still mapped */
static size_t cached_n;

static uintptr_t slot_base(size_t slot)
{
    return kva_page_at(slot * KSTACK_SLOT_PAGES + 1);
}

/* Unmap the first `n` pages of a stack, and free their frames and the slot. */
static void release(uintptr_t base, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uintptr_t va = base + i * PAGE_SIZE;
        struct page *page = phys_to_page(pte_frame(*pte_find(&kernel_pgdir, va)));
        mmu_kva_unmap(va);
        page_drop(page);
    }
    free_slot[free_slots_n++] = (uint16_t)(kva_page_number(base) / KSTACK_SLOT_PAGES);
}

static void shrink(void *context)
{
    (void)context;
    while (cached_n > 0)
        release(cache[--cached_n], CONFIG_KSTACK_PAGES);
}

static size_t held(void *context)
{
    (void)context;
    return used;
}

void kstack_init(uint16_t *free_slots, size_t slots)
{
    static struct ledger_account account = {.name = "kernel stacks", .held = held, .shrink = shrink};
    free_slot = free_slots;
    slots_n = slots;
    ledger_open(&account);
}

size_t kstack_count(void)
{
    return used;
}

uintptr_t kstack_alloc(void)
{
    if (cached_n > 0) {
        used++;
        kasan_unpoison(cache[cached_n - 1], KSTACK_BYTES);
        return cache[--cached_n];
    }
    if (free_slots_n == 0 && fresh_slot == slots_n)
        return 0;
    uintptr_t base = slot_base(free_slots_n > 0 ? free_slot[--free_slots_n] : fresh_slot++);
    for (size_t i = 0; i < CONFIG_KSTACK_PAGES; i++) {
        struct page *page = page_alloc(PAGE_KSTACK);
        if (page == NULL) {
            release(base, i);
            return 0;
        }
        mmu_kva_map(base + i * PAGE_SIZE, page_to_phys(page));
    }
    kasan_unpoison(base, KSTACK_BYTES);
    peak_stack_paint(base, KSTACK_BYTES);
    used++;
    return base;
}

void kstack_free(uintptr_t base)
{
    ASSERT(used > 0);
    RULE(cpu_frame_pointer() - base >= KSTACK_BYTES,
         "the kernel stack 0x%08x is freed, on which the kernel runs: the parent of a process does that, in "
         "do_reap()",
         (unsigned)base);
    used--;
    kasan_poison(base, KSTACK_BYTES, KASAN_KSTACK_FREED);
    if (cached_n < CACHE_MAX)
        cache[cached_n++] = base;
    else
        release(base, CONFIG_KSTACK_PAGES);
}
