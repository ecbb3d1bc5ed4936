/* SPDX-License-Identifier: MIT */
/*
 * heap_guard_poison.c: the contract, and what red zones and poison find.
 */
#define SAYS_DOUBLE_FREE "of odd is freed twice"
#define SAYS_NO_OBJECT ", which it is not"
#define SAYS_LARGE_DOUBLE_FREE "no one holds a count"
#define SAYS_NO_LARGE_OBJECT "no heap object begins there"
#include "heap_guard_contract.h"

TEST(one_byte_beyond_the_end_is_found_when_the_object_is_freed)
{
    static const size_t sizes[] = {16, 96, 2048, 2049, 5000, 8191};
    uint8_t *bytes;

    start();
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        bytes = kmalloc(sizes[i]);
        CHECK(PANICS("was written beyond its end", (bytes[sizes[i]] = 0, kfree(bytes))));
        kfree(bytes);
    }
    bytes = kmem_cache_alloc(&odd);
    CHECK(PANICS("of odd was written beyond its end", (bytes[77] = 0, kmem_cache_free(&odd, bytes))));
    kmem_cache_free(&odd, bytes);
    check_all_free();
}

TEST(a_write_after_free_is_found_when_the_object_is_allocated_again)
{
    uintptr_t *words;

    start();
    words = kmem_cache_alloc(&odd);
    kmem_cache_free(&odd, words);
    for (size_t i = 0; i < 77 / sizeof(*words); i++)
        CHECK(
            PANICS("of odd was written to after it was freed", (words[i] = 0x1234, kmem_cache_alloc(&odd))));
    CHECK(PANICS("beyond its end after it was freed",
                 (memset((uint8_t *)words + 77, 0, 2), kmem_cache_alloc(&odd))));
    check_all_free();
}

TEST(the_reports_name_the_cache)
{
    void *object;

    start();
    object = kmem_cache_alloc(&odd);
    CHECK(PANICS("of tiny, which it is not", kmem_cache_free(&tiny, object)));
    kmem_cache_free(&odd, object);
    check_all_free();
}

TEST(a_large_object_freed_in_its_second_frame_is_found)
{
    uint8_t *block;

    start();
    block = kmalloc(10000);
    CHECK(PANICS("no one holds a count", kfree(block + PAGE_SIZE)));
    kfree(block);
    check_all_free();
}

static struct page *culprit_page;

static __attribute__((noinline)) void culprit_with_a_frame(void)
{
    culprit_page = page_alloc(PAGE_PGTABLE);
}

TEST(a_write_to_a_free_frame_is_found_when_it_is_allocated_again)
{
    uint32_t *words;

    start();
    host_name("culprit_with_a_frame", culprit_with_a_frame);
    culprit_with_a_frame();
    page_drop(culprit_page);
    words = page_to_virt(culprit_page);
    for (size_t i = 1; i <= PAGE_SIZE / 4; i++)
        words[-i] = words[0]; /* the frame before it looks the same, and is not the one that is checked */
    for (size_t i = 0; i < PAGE_SIZE / 4; i += 16) {
        uint32_t was = words[i];

        words[i] = 0;
        CHECK(PANICS("was written to after it was freed", page_alloc(PAGE_USER)));
        words[i] = was;
    }
    CHECK(PANICS("taken at culprit_with_a_frame", (words[0] = 1, page_alloc(PAGE_USER))));
    struct page *page = page_alloc(PAGE_USER); /* and without a write nothing is said */
    CHECK_EQ(page_to_virt(page), words);
    page_drop(page);
    check_all_free();
}

TEST(one_word_in_64_bytes_of_a_free_frame_is_overwritten)
{
    struct page *page;
    const uint8_t *bytes;

    start();
    page = page_alloc(PAGE_USER);
    bytes = page_to_virt(page);
    memset(page_to_virt(page), 0xA5, PAGE_SIZE);
    page_drop(page);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i] == 0xA5, i % 64 >= 4);
    check_all_free();
}
