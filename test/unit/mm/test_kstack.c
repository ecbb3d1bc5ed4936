/* SPDX-License-Identifier: MIT */
/*
 * kstack.c: stacks with a page below each that is not mapped; the slots and frames of those that are freed or
 * cannot be had are used again. On the real page.c.
 */
#include "mm/kstack.h"

#include "host_kernel.h"
#include "watch/ledger.h"

#define FIRST 16 /* frames below are reserved; one of them is the page table of the stacks */
#define SLOTS 40
#define CACHED 16 /* stacks stay mapped when they are freed */

struct pgdir kernel_pgdir;
static struct page array[HOST_FRAMES];
static uint16_t slots[SLOTS];
static size_t mapped;

void mmu_kva_map(uintptr_t va, paddr_t frame)
{
    pte_t *pte = pte_find(&kernel_pgdir, va);
    CHECK_EQ(*pte, 0);
    *pte = frame | PTE_P | PTE_W;
    mapped++;
}

void mmu_kva_unmap(uintptr_t va)
{
    pte_t *pte = pte_find(&kernel_pgdir, va);
    CHECK(*pte != 0);
    *pte = 0;
    mapped--;
}

void peak_stack_fill(uintptr_t base, uintptr_t bytes)
{
    CHECK_EQ(bytes, KSTACK_BYTES);
    CHECK(*pte_find(&kernel_pgdir, base) != 0);
}

static void start(void)
{
    static bool ready;
    if (!ready) {
        page_init(array, HOST_FRAMES);
        page_add_free(FIRST, HOST_FRAMES - FIRST);
        kernel_pgdir.entries[kva_page_at(0) / MMU_TABLE_SPAN] = (FIRST - 1) * PAGE_SIZE | PTE_P | PTE_W;
        kstack_init(slots, SLOTS);
        ready = true;
    }
    CHECK_EQ(kstack_count(), 0);
}

static struct page *held[HOST_FRAMES];

/* Take all frames but `left`. */
static size_t take_frames(size_t left)
{
    size_t n = 0;
    while (page_free_count() > left)
        CHECK((held[n++] = page_alloc(PAGE_USER)) != NULL);
    return n;
}

static void give_frames(size_t n)
{
    while (n > 0)
        page_drop(held[--n]);
}

/* Allocate all stacks, which are apart, and free them. */
static void use_all(void)
{
    uintptr_t base[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) {
        CHECK((base[i] = kstack_alloc()) != 0);
        CHECK(*pte_find(&kernel_pgdir, base[i]) != 0);
        CHECK_EQ(*pte_find(&kernel_pgdir, base[i] - PAGE_SIZE), 0);
        CHECK(kstack_is_guard(base[i], base[i] - 1) && !kstack_is_guard(base[i], base[i]));
        for (size_t j = 0; j < i; j++)
            CHECK(base[i] != base[j]);
    }
    CHECK_EQ(mapped, SLOTS);
    CHECK_EQ(kstack_count(), SLOTS);
    CHECK_EQ(page_owner_count(PAGE_KSTACK), SLOTS * CONFIG_KSTACK_PAGES);
    CHECK_EQ(kstack_alloc(), 0); /* no slot is left */
    CHECK_EQ(kstack_count(), SLOTS);
    for (size_t i = 0; i < SLOTS; i++)
        kstack_free(base[i]);
    CHECK_EQ(kstack_count(), 0);
    CHECK_EQ(mapped, CACHED);
    CHECK_EQ(page_owner_count(PAGE_KSTACK), CACHED * CONFIG_KSTACK_PAGES);
}

TEST(all_stacks_can_be_had_again_and_again)
{
    start();
    for (int i = 0; i < 3; i++)
        use_all();
    ledger_shrink(); /* memory is full */
    CHECK_EQ(mapped, 0);
    CHECK_EQ(page_owner_count(PAGE_KSTACK), 0);
    use_all();
}

TEST(a_stack_that_is_freed_is_the_next)
{
    start();
    uintptr_t base = kstack_alloc();
    size_t before = mapped;
    kstack_free(base);
    CHECK_EQ(kstack_alloc(), base); /* it stayed mapped */
    CHECK_EQ(mapped, before);
    kstack_free(base);
}

/* D06: what there was of it is given back, with the slot. */
TEST(a_stack_without_memory_takes_no_slot)
{
    start();
    ledger_shrink();
    size_t n = take_frames(CONFIG_KSTACK_PAGES - 1);
    for (int i = 0; i < 2 * SLOTS; i++)
        CHECK_EQ(kstack_alloc(), 0);
    CHECK_EQ(kstack_count(), 0);
    CHECK_EQ(mapped, 0);
    CHECK_EQ(page_free_count(), CONFIG_KSTACK_PAGES - 1);
    give_frames(n);
    use_all();
}
