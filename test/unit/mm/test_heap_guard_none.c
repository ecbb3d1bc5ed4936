/* SPDX-License-Identifier: MIT */
/*
 * heap_guard_none.c, in a kernel without debug_checks: the contract, and that it costs no memory. What page.c
 * and slab.c do does not depend on assertions (D11).
 */
#include "heap_guard_contract.h"

_Static_assert(!CONFIG_DEBUG_CHECKS, "this subject is built without checks");

TEST(frames_are_counted)
{
    struct page *page, *block;

    start();
    page = page_alloc_zero(PAGE_USER);
    page_hold(page);
    block = page_alloc_block(2, PAGE_KSTACK);
    CHECK_EQ(page_owner_count(PAGE_USER) + page_owner_count(PAGE_KSTACK), 5);
    page_drop(page);
    CHECK_EQ(page_owner_count(PAGE_USER), 1);
    page_drop(page);
    page_drop(block);
    check_all_free();
}

TEST(a_free_frame_keeps_its_bytes)
{
    struct page *page;
    const uint8_t *bytes;

    start();
    page = page_alloc(PAGE_USER);
    bytes = page_to_virt(page);
    memset(page_to_virt(page), 0xA5, PAGE_SIZE);
    page_drop(page);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], 0xA5);
    check_all_free();
}

TEST(objects_fill_their_slabs)
{
    struct kmem_cache *cache;
    void *held[256];

    start();
    for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
        held[i] = kmalloc(16);
        memset(held[i], (int)i, 16);
    }
    CHECK_EQ(page_owner_count(PAGE_HEAP), 1);
    cache = virt_to_page(held[0])->cache;
    CHECK(kmem_cache_ok(cache) && list_empty(&cache->partial));
    for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
        CHECK_EQ(*(uint8_t *)held[i], i);
        CHECK_EQ(((uint8_t *)held[i])[15], i);
        kfree(held[i]);
        CHECK(kmem_cache_ok(cache));
    }
    check_all_free();
}

TEST(two_objects_of_the_largest_class_share_a_frame)
{
    void *first, *second, *block;

    start();
    first = kmalloc(2048);
    second = kmalloc(2041);
    CHECK_EQ(virt_to_page(first), virt_to_page(second));
    block = kzalloc(8193);
    CHECK_EQ(kmem_used_bytes(), 2048 + 2048 + 8193);
    kfree(first);
    kfree(block);
    kfree(second);
    check_all_free();
}

TEST(the_ledger_knows_the_number_but_no_caller)
{
    void *object;

    start();
    ledger_mark();
    object = kmalloc(50);
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 1 heap objects of kmalloc-64 (base 0, now 1)\n");
    kfree(object);
    CHECK(ledger_check());
    check_all_free();
}
