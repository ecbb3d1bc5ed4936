/* SPDX-License-Identifier: MIT */
/*
 * heap_guard_kasan.c: the contract, and what it writes into the shadow. The shadow is an array here: one byte
 * for each eight of the test's memory, as check/kasan.h describes it.
 */
#define SAYS_DOUBLE_FREE "second free of a heap object"
#define SAYS_NO_OBJECT "free of what is no heap object"
#define SAYS_LARGE_DOUBLE_FREE "second free of a heap object"
#define SAYS_NO_LARGE_OBJECT "free of what is no heap object"
#include "heap_guard_contract.h"

#include "check/kasan.h"

_Static_assert(CONFIG_KASAN, "this subject is built with kasan");

#define GRANULE 8

static uint8_t shadow[sizeof(host_memory) / GRANULE];
static void (*describe)(uintptr_t va);

static size_t offset_of(uintptr_t va)
{
    CHECK(va >= (uintptr_t)host_memory && va <= (uintptr_t)host_memory + sizeof(host_memory));
    return va - (uintptr_t)host_memory;
}

void kasan_unpoison(uintptr_t va, size_t bytes)
{
    size_t at = offset_of(va);

    CHECK_EQ(at % GRANULE, 0);
    memset(&shadow[at / GRANULE], 0, bytes / GRANULE);
    if (bytes % GRANULE != 0)
        shadow[(at + bytes) / GRANULE] = bytes % GRANULE;
}

void kasan_poison(uintptr_t va, size_t bytes, enum kasan_shadow why)
{
    size_t at = offset_of(va);

    CHECK_EQ(at % GRANULE, 0);
    CHECK_EQ(bytes % GRANULE, 0);
    memset(&shadow[at / GRANULE], why, bytes / GRANULE);
}

void kasan_set_describer(void (*function)(uintptr_t va))
{
    describe = function;
}

_Noreturn void kasan_report(const char *why, uintptr_t va, uintptr_t site)
{
    (void)site;
    describe(va);
    panic("KASAN: %s", why);
}

int trace_pid(void)
{
    return 7;
}

/* The shadow's byte for an address. */
static uint8_t shadow_at(const void *va)
{
    return shadow[offset_of((uintptr_t)va) / GRANULE];
}

static bool may_access(const uint8_t *va)
{
    uint8_t byte = shadow_at(va);

    return byte == 0 || (byte < GRANULE && offset_of((uintptr_t)va) % GRANULE < byte);
}

/* Of the object's bytes and the 16 on each side exactly the first `size` may be accessed. */
static void check_edges(const uint8_t *object, size_t size)
{
    for (size_t i = 0; i < size; i++)
        CHECK(may_access(object + i));
    for (size_t i = size; i < size + 16; i++)
        CHECK(!may_access(object + i));
    for (size_t i = 1; i <= 16 && (uintptr_t)object % PAGE_SIZE >= i; i++)
        CHECK(!may_access(object - i));
}

TEST(exactly_the_bytes_asked_for_may_be_accessed)
{
    start();
    for (size_t size = 1; size < 5000; size += 1 + size / 7) {
        void *first = kmalloc(size), *second = kmalloc(size);

        if (size % PAGE_SIZE != 0) {
            check_edges(first, size);
            check_edges(second, size);
        }
        kfree(first);
        kfree(second);
    }
    check_all_free();
}

TEST(a_freed_object_stays_poisoned_while_others_come_and_go)
{
    uint8_t *object;

    start();
    object = kmalloc(100);
    kfree(object);
    for (int i = 0; i < 64; i++)
        kfree(kmalloc(100));
    for (size_t i = 0; i < 100; i++)
        CHECK_EQ(shadow_at(object + i), KASAN_HEAP_FREED);
    check_all_free();
}

TEST(objects_that_were_never_allocated_are_poisoned)
{
    uint8_t *object;

    start();
    object = kmem_cache_alloc(&aligned);
    CHECK_EQ(shadow_at(object + aligned.stride_bytes), KASAN_HEAP_NEVER);
    kmem_cache_free(&aligned, object);
    check_all_free();
}

TEST(frames_may_be_accessed_while_they_are_held)
{
    struct page *page, *block;
    uint8_t *bytes;

    start();
    page = page_alloc(PAGE_USER);
    bytes = page_to_virt(page);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK(may_access(bytes + i));
    page_drop(page);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(shadow_at(bytes + i), KASAN_PAGE_FREED);
    block = page_alloc_block(2, PAGE_OTHER);
    CHECK(may_access((uint8_t *)page_to_virt(block) + 4 * PAGE_SIZE - 1));
    page_drop(block);
    CHECK_EQ(shadow_at(page_to_virt(block)), KASAN_PAGE_FREED);
    CHECK_EQ(shadow_at(host_memory + (HOST_FRAMES - 1) * PAGE_SIZE), KASAN_PAGE_FREED); /* never allocated */
    check_all_free();
}

TEST(a_description_names_the_object_and_both_callers)
{
    uint8_t *object;

    start();
    host_name("this_test", a_description_names_the_object_and_both_callers);
    object = kmem_cache_alloc(&odd);
    describe((uintptr_t)object + 70);
    CHECK(console_has("is at byte 70 of the object"));
    CHECK(console_has("of 77 bytes of odd\n    taken at this_test, pid 7\n"));
    console_clear();
    describe((uintptr_t)object + 79);
    CHECK(console_has("is 2 bytes after the object"));
    kmem_cache_free(&odd, object);
    console_clear();
    describe((uintptr_t)object);
    CHECK(console_has("    taken at this_test, pid 7\n    freed at this_test, pid 7\n"));
    check_all_free();
}

TEST(a_description_of_a_frame_names_both_callers)
{
    struct page *page;

    start();
    host_name("this_test", a_description_of_a_frame_names_both_callers);
    page = page_alloc(PAGE_OTHER);
    page_drop(page);
    describe((uintptr_t)page_to_virt(page));
    CHECK(console_has("    taken at this_test\n    freed at this_test, pid 7\n"));
    check_all_free();
}
