/* SPDX-License-Identifier: MIT */
/*
 * heap_guard_contract - what mm/heap_guard.h promises, whichever file implements it; compiled once for each.
 * On the real slab.c, heap_large.c and page.c.
 *
 * A guard that finds misuse defines, before this is included, what its reports say of it: SAYS_DOUBLE_FREE,
 * SAYS_NO_OBJECT, SAYS_LARGE_DOUBLE_FREE and SAYS_NO_LARGE_OBJECT. A guard without them promises only that
 * correct use works.
 */
#ifndef HEAP_GUARD_CONTRACT_H
#define HEAP_GUARD_CONTRACT_H

#include "host_kernel.h"
#include "mm/heap_guard.h"
#include "mm/slab.h"
#include "watch/ledger.h"

static struct page array[HOST_FRAMES];
static struct kmem_cache odd, tiny, aligned;

/* Caches stay for the whole program, so each test frees what it allocated. */
static inline void start(void)
{
    static bool ready;

    if (!ready) {
        heap_guard_init();
        page_init(array, HOST_FRAMES);
        page_add_free(1, HOST_FRAMES - 1);
        page_open_ledger();
        kmalloc_init();
        kmem_cache_init(&odd, "odd", 77, 1);
        kmem_cache_init(&tiny, "tiny", 3, 1);
        kmem_cache_init(&aligned, "aligned", 100, 64);
        ready = true;
    }
    console_clear();
}

static inline void check_all_free(void)
{
    kmem_shrink();
    CHECK_EQ(kmem_used_bytes(), 0);
    CHECK_EQ(page_owner_count(PAGE_HEAP), 0);
    CHECK_EQ(page_free_count(), HOST_FRAMES - 1);
    CHECK_EQ(page_taken_count(), page_given_count());
    CHECK(page_ok());
}

static inline bool is_filled(const uint8_t *bytes, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* The object, its size as asked for, and the value of all its bytes. */
struct held {
    struct kmem_cache *cache; /* NULL: of kmalloc() */
    uint8_t *bytes;
    size_t size;
    uint8_t value;
};

static inline void allocate_at_random(struct held *held)
{
    static struct kmem_cache *const some[] = {&odd, &tiny, &aligned, NULL, NULL};

    held->cache = some[unit_below(ARRAY_SIZE(some))];
    held->size = held->cache != NULL ? held->cache->object_bytes : 1 + unit_below(6000);
    held->bytes = held->cache != NULL ? kmem_cache_alloc(held->cache) : kmalloc(held->size);
    held->value = (uint8_t)unit_random();
    CHECK(held->bytes != NULL);
    CHECK_EQ((uintptr_t)held->bytes % (held->cache == &aligned ? 64 : sizeof(void *)), 0);
    memset(held->bytes, held->value, held->size);
}

/* Whatever the guard puts beside objects, all their bytes are theirs, and the next object's untouched. */
TEST(random_use_finds_nothing)
{
    static struct held held[500];
    size_t n = 0;

    start();
    for (int step = 0; step < 10000; step++) {
        if (n == 0 || (n < ARRAY_SIZE(held) && unit_below(2) == 0)) {
            allocate_at_random(&held[n++]);
            continue;
        }
        size_t i = unit_below((unsigned)n);
        CHECK(is_filled(held[i].bytes, held[i].size, held[i].value));
        if (held[i].cache != NULL)
            kmem_cache_free(held[i].cache, held[i].bytes);
        else
            kfree(held[i].bytes);
        held[i] = held[--n];
        if (step % 512 == 0)
            CHECK(kmem_cache_ok(&odd) && kmem_cache_ok(&tiny) && kmem_cache_ok(&aligned));
    }
    while (n-- != 0)
        kfree(held[n].bytes);
    check_all_free();
}

/* A guard may keep freed objects for some time, but not without limit. */
TEST(freed_objects_are_used_again)
{
    size_t frames;

    start();
    for (int i = 0; i < 2000; i++)
        kfree(kmalloc(500));
    frames = page_owner_count(PAGE_HEAP);
    for (int i = 0; i < 2000; i++)
        kfree(kmalloc(500));
    CHECK(page_owner_count(PAGE_HEAP) <= frames + 1);
    check_all_free();
}

TEST(drained_objects_are_free)
{
    start();
    for (int i = 0; i < 10; i++)
        kmem_cache_free(&odd, kmem_cache_alloc(&odd));
    kmem_used_bytes(); /* links what the guard keeps */
    CHECK_EQ(odd.used, 0);
    check_all_free();
}

TEST(frames_are_whole)
{
    static struct page *blocks[200];

    start();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
            blocks[i] = page_alloc_block(i % 4, PAGE_OTHER);
            memset(page_to_virt(blocks[i]), (int)i, PAGE_SIZE << i % 4);
        }
        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
            CHECK(is_filled(page_to_virt(blocks[i]), PAGE_SIZE << i % 4, (uint8_t)i));
            page_drop(blocks[i]);
        }
    }
    check_all_free();
}

TEST(out_of_memory_is_no_misuse)
{
    void *last = NULL, *object;

    start();
    while ((object = kmem_cache_alloc(&aligned)) != NULL) {
        *(void **)object = last;
        last = object;
    }
    CHECK_EQ(kmalloc(5000), NULL);
    while (last != NULL) {
        object = last;
        last = *(void **)object;
        kmem_cache_free(&aligned, object);
    }
    check_all_free();
}

#ifdef SAYS_DOUBLE_FREE

static void *culprit_objects[2];

static __attribute__((noinline)) void culprit(void)
{
    culprit_objects[0] = kmem_cache_alloc(&odd);
    culprit_objects[1] = kmalloc(5000);
}

/* D31 */
TEST(a_double_free_ends_the_run)
{
    void *object, *neighbour;

    start();
    object = kmem_cache_alloc(&odd);
    neighbour = kmem_cache_alloc(&odd);
    kmem_cache_free(&odd, object);
    CHECK(PANICS(SAYS_DOUBLE_FREE, kmem_cache_free(&odd, object)));
    CHECK(PANICS(SAYS_DOUBLE_FREE, kfree(object)));
    kmem_cache_free(&odd, neighbour);
    CHECK(PANICS(SAYS_DOUBLE_FREE, kfree(neighbour))); /* no object of its slab is in use */
    kmem_shrink();
    CHECK(PANICS(SAYS_NO_OBJECT, kmem_cache_free(&odd, object))); /* it is not in a slab any more */
    object = kmalloc(10000);
    kfree(object);
    CHECK(PANICS(SAYS_LARGE_DOUBLE_FREE, kfree(object)));
    check_all_free();
}

TEST(to_free_what_is_no_object_ends_the_run)
{
    uint8_t *object, *block;

    start();
    object = kmem_cache_alloc(&odd);
    block = kmalloc(10000);
    CHECK(PANICS(SAYS_NO_OBJECT, kmem_cache_free(&tiny, object)));
    CHECK(PANICS(SAYS_NO_OBJECT, kmem_cache_free(&odd, object + 8)));
    CHECK(PANICS(SAYS_NO_LARGE_OBJECT, kfree(block + 8)));
    kmem_cache_free(&odd, object);
    kfree(block);
    check_all_free();
}

TEST(the_guard_knows_which_objects_are_in_use)
{
    void *first, *second;
    uintptr_t caller;

    start();
    first = kmem_cache_alloc(&odd);
    second = kmem_cache_alloc(&odd);
    CHECK(heap_guard_in_use(&odd, first, &caller) && caller != 0);
    CHECK(heap_guard_in_use(&odd, second, &caller));
    kmem_cache_free(&odd, first);
    CHECK(!heap_guard_in_use(&odd, first, &caller));
    CHECK(heap_guard_in_use(&odd, second, &caller));
    kmem_cache_free(&odd, second);
    check_all_free();
}

/* D28: each kind of object and a frame. */
TEST(leaks_are_reported_with_their_callers)
{
    start();
    host_name("culprit", culprit);
    ledger_mark();
    culprit();
    CHECK(!ledger_check());
    CHECK(console_has("leaked 1 heap objects of odd (base 0, now 1)\n    1 taken at culprit\n"));
    CHECK(console_has("leaked 1 large heap objects (base 0, now 1)\n    1 taken at culprit\n"));
    kmem_cache_free(&odd, culprit_objects[0]);
    kfree(culprit_objects[1]);
    CHECK(ledger_check());
    check_all_free();
}

TEST(a_report_of_a_double_free_names_the_allocator)
{
    start();
    host_name("culprit", culprit);
    culprit();
    kmem_cache_free(&odd, culprit_objects[0]);
    CHECK(PANICS("taken at culprit", kmem_cache_free(&odd, culprit_objects[0])));
    kfree(culprit_objects[1]);
    check_all_free();
}

#endif

#endif
