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

/* The first word of a free object links it to another object of its slab, or to none. */
TEST(a_link_to_what_is_no_object_of_the_slab_is_found)
{
    uintptr_t *words, slab, after;

    start();
    words = kmem_cache_alloc(&odd);
    slab = (uintptr_t)words - (uintptr_t)words % PAGE_SIZE;
    after = slab + odd.per_slab * odd.stride_bytes;
    CHECK(after < slab + PAGE_SIZE);
    kmem_cache_free(&odd, words);
    const uintptr_t wrong[] = {slab + 8,         slab + odd.stride_bytes - 1, after, after + 8,
                               slab + PAGE_SIZE, slab - odd.stride_bytes};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK(PANICS("of odd was written to after it was freed (first word)",
                     (words[0] = wrong[i], kmem_cache_alloc(&odd))));
    const uintptr_t right[] = {0, slab, slab + odd.stride_bytes, after - odd.stride_bytes};
    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        uintptr_t was = words[0];

        words[0] = right[i];
        heap_guard_allocated(&odd, words, 77, 1);
        heap_guard_freed(&odd, words, 1);
        words[0] = was;
    }
    check_all_free();
}

/* 77 bytes, 3 to the next word, a word more, and a word for the caller. */
TEST(an_object_takes_no_more_room_than_its_red_zone_needs)
{
    start();
    CHECK_EQ(heap_guard_bytes(77), 3 + 2 * sizeof(uintptr_t));
    CHECK_EQ(heap_guard_bytes(80), 2 * sizeof(uintptr_t));
    CHECK_EQ(odd.stride_bytes, 80 + 2 * sizeof(uintptr_t));
}

/* Nor what the frame had where the caller of an allocation would be. */
TEST(an_object_that_no_one_has_had_is_from_an_unknown_place)
{
    struct page *page;
    uint8_t *bytes;

    start();
    page = page_alloc(PAGE_USER);
    bytes = page_to_virt(page);
    memset(bytes, 0xA5, PAGE_SIZE);
    page_drop(page);
    void *object = kmem_cache_alloc(&odd);
    CHECK_EQ(object, bytes);
    CHECK(PANICS("then\n    1 taken at an unknown place\n# kernel panic: heap object",
                 (kprintf("then\n"), bytes[odd.stride_bytes + 77] = 0, kmem_cache_alloc(&odd))));
    kmem_cache_free(&odd, object);
    check_all_free();
}

TEST(the_guard_remembers_who_had_an_object_that_is_free)
{
    uintptr_t had, knows;
    void *object;

    start();
    object = kmem_cache_alloc(&odd);
    CHECK(heap_guard_in_use(&odd, object, &had));
    kmem_cache_free(&odd, object);
    CHECK(!heap_guard_in_use(&odd, object, &knows));
    CHECK_EQ(knows, had);
    check_all_free();
}

TEST(the_reports_of_objects_name_who_had_them_once)
{
    uint8_t *object, *block;

    start();
    host_name("culprit", culprit);
    culprit();
    object = culprit_objects[0];
    block = culprit_objects[1];
    CHECK(PANICS("then\n    1 taken at culprit\n# kernel panic: heap object",
                 (kprintf("then\n"), object[77] = 0, kmem_cache_free(&odd, object))));
    CHECK(PANICS("then\n    1 taken at culprit\n# kernel panic: heap object",
                 (kprintf("then\n"), block[5000] = 0, kfree(block))));
    CHECK(PANICS("of 5000 bytes was written beyond its end", (block[5000] = 0, kfree(block))));
    kmem_cache_free(&odd, object);
    kfree(block);
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
    uint32_t *before = words - PAGE_SIZE / 4;
    for (size_t i = 0; i < PAGE_SIZE / 4; i++)
        before[i] = words[0]; /* that frame looks the same, and is not the one that is checked */
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

TEST(a_report_of_a_write_to_a_free_frame_says_what_and_where)
{
    char report[200];
    uint32_t *words;

    start();
    host_name("culprit_with_a_frame", culprit_with_a_frame);
    culprit_with_a_frame();
    page_drop(culprit_page);
    words = page_to_virt(culprit_page);
    snprintf(
        report, sizeof(report),
        "then\n    1 taken at culprit_with_a_frame\n# kernel panic: frame 0x%zx was written to after it was "
        "freed: 0x00001234 at offset 0xfc0",
        page_to_pfn(culprit_page));
    CHECK(PANICS(report, (kprintf("then\n"), words[PAGE_SIZE / 4 - 16] = 0x1234, page_alloc(PAGE_USER))));
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
