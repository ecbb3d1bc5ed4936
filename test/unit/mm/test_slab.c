/* SPDX-License-Identifier: MIT */
/*
 * slab.c and heap_large.c: caches, kmalloc() and large objects. On the real page.c, with heap_guard_poison.c.
 *
 * Caches stay for the whole program, so each test frees what it allocated.
 */
#include "host_kernel.h"
#include "mm/slab.h"
#include "watch/ledger.h"

static struct kmem_cache odd, tiny, aligned;

static void start(void)
{
    if (host_heap_start()) {
        kmem_cache_init(&odd, "odd", 77, 1);
        kmem_cache_init(&tiny, "tiny", 3, 1);
        kmem_cache_init(&aligned, "aligned", 100, 64);
    }
    console_clear();
}

/* Check that no object is in use, and that the heap has no frame (D28). */
static void check_all_back(void)
{
    CHECK_EQ(kmem_used_bytes(), 0);
    CHECK(kmem_cache_ok(&odd) && kmem_cache_ok(&tiny) && kmem_cache_ok(&aligned));
    kmem_shrink();
    CHECK_EQ(page_owner_count(PAGE_HEAP), 0);
    CHECK(page_ok());
}

static bool is_filled(const uint8_t *bytes, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* D30: at each boundary the object has all its bytes, and no other object has them too. */
TEST(kmalloc_is_exact_at_every_boundary)
{
    static const uint16_t edges[] = {16,  32,   64,   96,   128,  192,  256,  384,  512,
                                     768, 1024, 2044, 2048, 4084, 4096, 8192, 16384};
    struct {
        uint8_t *bytes;
        size_t size;
    } held[2 * ARRAY_SIZE(edges) * 9];
    size_t n = 0, sum = 0;

    start();
    for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
        for (size_t size = edges[i] - 4u; size <= edges[i] + 4u; size++) {
            for (int twice = 0; twice < 2; twice++, n++) {
                held[n].size = size;
                held[n].bytes = kmalloc(size);
                CHECK(held[n].bytes != NULL);
                CHECK_EQ((uintptr_t)held[n].bytes % 8, 0);
                memset(held[n].bytes, (int)(n % 251), size);
                sum += size;
            }
        }
    }
    CHECK(kmem_used_bytes() >= sum); /* D29: the heap counts bytes in use */
    for (size_t i = 0; i < n; i++)
        CHECK(is_filled(held[i].bytes, held[i].size, (uint8_t)(i % 251)));
    for (size_t i = 0; i < n; i++)
        kfree(held[i].bytes);
    check_all_back();
}

TEST(the_largest_object_is_one_block)
{
    uint8_t *bytes;

    start();
    kmem_shrink();
    page_shrink();
    bytes = kmalloc(KMALLOC_MAX);
    CHECK(bytes != NULL);
    memset(bytes, 1, KMALLOC_MAX);
    CHECK_EQ(kmem_used_bytes(), KMALLOC_MAX);
    CHECK_EQ(kmalloc(KMALLOC_MAX), NULL); /* the test's memory has only one such block */
    kfree(bytes);
    CHECK_EQ(kmalloc(KMALLOC_MAX + 1), NULL);
    CHECK_EQ(kmalloc((size_t)-1), NULL);
    check_all_back();
}

/* A large object has the smallest block that it fits in. */
TEST(no_larger_block_is_taken_than_needed)
{
    start();
    for (size_t frames = 1; frames <= 16; frames *= 2) {
        const size_t sizes[] = {frames * PAGE_SIZE / 2 + 1, frames * PAGE_SIZE};

        for (size_t i = frames == 1; i < ARRAY_SIZE(sizes); i++) {
            kmem_shrink();
            size_t before = page_owner_count(PAGE_HEAP);
            void *object = kmalloc(sizes[i]);

            CHECK_EQ(page_owner_count(PAGE_HEAP) - before, frames);
            CHECK_EQ(kmem_used_bytes(), sizes[i]);
            kfree(object);
        }
    }
    check_all_back();
}

TEST(zero_bytes_are_not_allocated_and_NULL_can_be_freed)
{
    start();
    CHECK_EQ(kmalloc(0), NULL);
    kfree(NULL);
    check_all_back();
}

TEST(zeroed_objects_are_zero)
{
    static const size_t sizes[] = {1, 40, 2048, 2049, 8193};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint8_t *bytes = kmalloc(sizes[i]);

        memset(bytes, 0xA5, sizes[i]);
        kfree(bytes);
        bytes = kzalloc(sizes[i]);
        CHECK(is_filled(bytes, sizes[i], 0));
        kfree(bytes);
    }
    for (int twice = 0; twice < 2; twice++) {
        uint8_t *bytes = kmem_cache_zalloc(&odd);

        CHECK(is_filled(bytes, 77, 0));
        memset(bytes, 0xA5, 77);
        kmem_cache_free(&odd, bytes);
    }
    check_all_back();
}

/* Random sizes from a cache or kmalloc, each filled to its last byte. */
TEST(random_objects_do_not_overlap)
{
    static struct {
        uint8_t *bytes;
        size_t size;
        struct kmem_cache *cache;
        uint8_t value;
    } held[2000];
    struct kmem_cache *caches[] = {&odd, &tiny, &aligned};
    size_t n = 0;

    start();
    for (int step = 0; step < 60000; step++) {
        bool growing = step / 10000 % 2 == 0;

        if (n < ARRAY_SIZE(held) && (n == 0 || unit_below(10) < (growing ? 7u : 3u))) {
            struct kmem_cache *cache = unit_below(2) == 0 ? caches[unit_below(3)] : NULL;
            size_t size =
                cache != NULL ? cache->object_bytes : 1 + unit_below(unit_below(8) == 0 ? 9000 : 300);
            uint8_t *bytes = cache != NULL ? kmem_cache_alloc(cache) : kmalloc(size);

            if (bytes == NULL)
                continue;
            held[n].bytes = bytes;
            held[n].size = size;
            held[n].cache = cache;
            held[n].value = (uint8_t)unit_random();
            memset(bytes, held[n].value, size);
            n++;
        } else {
            size_t i = unit_below((unsigned)n);

            CHECK(is_filled(held[i].bytes, held[i].size, held[i].value));
            if (held[i].cache != NULL)
                kmem_cache_free(held[i].cache, held[i].bytes);
            else
                kfree(held[i].bytes);
            held[i] = held[--n];
        }
        if (step % 1024 == 0)
            CHECK(kmem_cache_ok(&odd) && kmem_cache_ok(&tiny) && kmem_cache_ok(&aligned));
    }
    while (n-- != 0)
        kfree(held[n].bytes);
    check_all_back();
}

TEST(objects_are_aligned_as_asked)
{
    void *held[200];

    start();
    for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
        held[i] = kmem_cache_alloc(&aligned);
        CHECK_EQ((uintptr_t)held[i] % 64, 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(held); i++)
        kmem_cache_free(&aligned, held[i]);
    check_all_back();
}

/* D06: without memory the heap returns NULL, and it works again when there is some. */
TEST(memory_runs_out_and_comes_back)
{
    void *last = NULL, *object;
    size_t n = 0;

    start();
    while ((object = kmem_cache_alloc(&aligned)) != NULL) {
        *(void **)object = last;
        last = object;
        n++;
    }
    CHECK_EQ(n, (HOST_FRAMES - 1) * aligned.per_slab);
    CHECK_EQ(page_free_count(), 0);
    CHECK_EQ(kmalloc(5000), NULL);
    CHECK_EQ(kmalloc(5), NULL);
    CHECK(kmem_cache_ok(&aligned));
    while (last != NULL) {
        object = last;
        last = *(void **)object;
        kmem_cache_free(&aligned, object);
    }
    check_all_back();
}

TEST(one_empty_slab_is_cached)
{
    uint64_t taken;

    start();
    kmem_cache_free(&odd, kmem_cache_alloc(&odd));
    taken = page_taken_count();
    for (int i = 0; i < 100; i++)
        kmem_cache_free(&odd, kmem_cache_alloc(&odd));
    CHECK_EQ(page_taken_count(), taken);
    CHECK_EQ(page_owner_count(PAGE_HEAP), 1);
    check_all_back();
}

static void *culprit_objects[3];

static __attribute__((noinline)) void culprit(void)
{
    culprit_objects[0] = kmem_cache_alloc(&odd);
    culprit_objects[1] = kmalloc(33);
    culprit_objects[2] = kmalloc(4097);
}

/* D28, D29: an empty slab is not a leak; objects are, and their callers are named. */
TEST(the_ledger_counts_objects_and_names_the_leaks_caller)
{
    void *kept;

    start();
    host_name("culprit", culprit);
    kept = kmem_cache_alloc(&odd);
    ledger_mark();
    kfree(kmalloc(100));
    kfree(kmalloc(100000));
    CHECK(ledger_check());
    culprit();
    CHECK(!ledger_check());
    CHECK(console_has("leaked 1 heap objects of odd (base 1, now 2)\n    1 taken at culprit\n"));
    CHECK(console_has("leaked 1 heap objects of kmalloc-64 (base 0, now 1)\n    1 taken at culprit\n"));
    CHECK(console_has("leaked 1 large heap objects (base 0, now 1)\n    1 taken at culprit\n"));
    for (size_t i = 0; i < ARRAY_SIZE(culprit_objects); i++)
        kfree(culprit_objects[i]);
    CHECK(ledger_check());
    kfree(kept);
    check_all_back();
}

/* Objects of partial and of full slabs. */
TEST(the_ledger_finds_every_object)
{
    void *held[100];

    start();
    ledger_mark();
    for (size_t i = 0; i < ARRAY_SIZE(held); i++)
        held[i] = kmem_cache_alloc(&odd);
    CHECK(!list_empty(&odd.partial) && !list_empty(&odd.full));
    host_name("culprit", culprit);
    host_name("this_test", the_ledger_finds_every_object);
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 100 heap objects of odd (base 0, now 100)\n"
                          "    100 taken at this_test\n");
    for (size_t i = 0; i < ARRAY_SIZE(held); i++)
        kmem_cache_free(&odd, held[i]);
    CHECK(ledger_check());
    CHECK_EQ(page_owner_count(PAGE_HEAP), 0); /* ledger_check() shrinks the caches */
    check_all_back();
}

/* D32 */
TEST(the_checker_sees_what_it_is_for)
{
    void *object, *second;
    struct page *slab;

    start();
    object = kmem_cache_alloc(&odd);
    slab = virt_to_page(object);
    second = slab->slab_free;
    CHECK(kmem_cache_ok(&odd));
    odd.used++;
    CHECK(!kmem_cache_ok(&odd));
    odd.used--;
    slab->slab_used++;
    CHECK(!kmem_cache_ok(&odd));
    slab->slab_used--;
    slab->slab_free = *(void **)slab->slab_free; /* one lost */
    CHECK(!kmem_cache_ok(&odd));
    slab->slab_free = second;
    slab->cache = &tiny;
    CHECK(!kmem_cache_ok(&odd));
    slab->cache = &odd;
    CHECK(kmem_cache_ok(&odd));
    kmem_cache_free(&odd, object);
    check_all_back();
}
