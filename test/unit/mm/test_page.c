/* SPDX-License-Identifier: MIT */
/*
 * page.c: counts, owners, the cache of frames, and misused counts. On the real pmm_buddy.c, with
 * heap_guard_poison.c.
 */
#include "host_kernel.h"
#include "mm/pmm.h"
#include "watch/ledger.h"

#define FIRST 16 /* frames below are reserved */
#define FREE (HOST_FRAMES - FIRST)

static struct page array[HOST_FRAMES];

static void start(void)
{
    memset(array, 0, sizeof(array));
    page_init(array, HOST_FRAMES);
    page_add_free(FIRST, FREE);
    console_clear();
}

/* Check that all frames are free, and merged. */
static void check_all_back(void)
{
    CHECK_EQ(page_free_count(), FREE);
    CHECK_EQ(page_taken_count(), page_given_count());
    CHECK(page_ok());
    page_shrink();
    CHECK(page_ok());
    CHECK_EQ(pmm_free_frames(), FREE);
}

TEST(a_frame_has_an_owner_and_one_count)
{
    struct page *page;

    start();
    page = page_alloc(PAGE_USER);
    CHECK_EQ(page->count, 1);
    CHECK_EQ(page->owner, PAGE_USER);
    CHECK_EQ(page_owner_count(PAGE_USER), 1);
    CHECK_EQ(page_free_count(), FREE - 1);
    CHECK_EQ(page_total_count(), FREE);
    CHECK_EQ(page_taken_count(), 1);
    CHECK(page_ok());
    page_drop(page);
    CHECK_EQ(page_owner_count(PAGE_USER), 0);
    check_all_back();
}

TEST(every_frame_can_be_allocated_once)
{
    static struct page *held[HOST_FRAMES];
    size_t n = 0;

    start();
    while ((held[n] = page_alloc(PAGE_USER)) != NULL) {
        memset(page_to_virt(held[n]), 0xA5, PAGE_SIZE);
        CHECK_EQ(held[n]->count, 1);
        n++;
    }
    CHECK_EQ(n, FREE);
    CHECK_EQ(page_free_count(), 0);
    CHECK(page_ok());
    CHECK_EQ(page_alloc_zero(PAGE_USER), NULL); /* D06, D10: NULL, no panic */
    CHECK_EQ(page_alloc_block(3, PAGE_KSTACK), NULL);
    while (n-- != 0)
        page_drop(held[n]);
    check_all_back();
}

TEST(a_block_is_found_although_its_frames_are_cached)
{
    static struct page *held[HOST_FRAMES];
    size_t n = 0;
    struct page *block;

    start();
    while ((held[n] = page_alloc(PAGE_USER)) != NULL)
        n++;
    for (size_t i = 0; i < n; i++) {
        if (page_to_pfn(held[i]) / 8 == 100)
            page_drop(held[i]);
    }
    block = page_alloc_block(3, PAGE_KSTACK);
    CHECK(block != NULL);
    CHECK_EQ(page_to_pfn(block), 800);
    CHECK_EQ(page_owner_count(PAGE_KSTACK), 8);
    CHECK(page_ok());
    page_drop(block);
    for (size_t i = 0; i < n; i++) {
        if (page_to_pfn(held[i]) / 8 != 100)
            page_drop(held[i]);
    }
    check_all_back();
}

/* What is freed goes to the policy in batches: most of the cache stays, for the next fork. */
TEST(a_full_cache_keeps_most_of_its_frames)
{
    enum { MANY = 160, CACHED = 96 }; /* five batches; the cache without one */
    struct page *held[MANY];

    start();
    for (size_t i = 0; i < MANY; i++)
        held[i] = page_alloc(PAGE_USER);
    for (size_t i = 0; i < MANY; i++)
        page_drop(held[i]);
    CHECK(page_free_count() - pmm_free_frames() >= CACHED);
    check_all_back();
}

/* D77: more sharers than 16 bits can count. */
TEST(a_frame_is_freed_with_its_last_reference)
{
    struct page *page;

    start();
    page = page_alloc(PAGE_USER);
    for (int i = 0; i < 70000; i++)
        page_hold(page);
    for (int i = 0; i < 70000; i++) {
        page_drop(page);
        CHECK(page->count != 0 && page->owner == PAGE_USER);
    }
    page_drop(page);
    check_all_back();
}

/* D15: a page filled by its last owner is cleared. */
TEST(a_zero_page_is_zero)
{
    struct page *page, *again;
    const uint8_t *bytes;

    start();
    page = page_alloc(PAGE_USER);
    memset(page_to_virt(page), 0xA5, PAGE_SIZE);
    page_drop(page);
    again = page_alloc_zero(PAGE_USER);
    CHECK_EQ(again, page);
    bytes = page_to_virt(again);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], 0);
    page_drop(again);
}

/* D31: a double free is found in each frame of a block, not only the first. */
TEST(a_double_free_of_any_frame_of_a_block_panics)
{
    struct page *block;

    start();
    block = page_alloc_block(3, PAGE_KSTACK);
    for (unsigned i = 1; i < 8; i++)
        CHECK(PANICS("no one holds a count of frame", page_drop(block + i)));
    page_drop(block);
    for (unsigned i = 0; i < 8; i++) {
        CHECK(PANICS("no one holds a count of frame", page_drop(block + i)));
        CHECK(PANICS("no one holds a count of frame", page_hold(block + i)));
        CHECK(PANICS("    1 taken at ", page_drop(block + i))); /* where it was used before */
    }
    check_all_back();
}

/* D77: a count is 32 bits wide, and reported long before it could overflow. */
TEST(a_count_that_only_grows_is_reported)
{
    struct page *page;

    start();
    page = page_alloc(PAGE_USER);
    page->count = PAGE_COUNT_MAX - 1;
    page_hold(page);
    CHECK(PANICS("more than there can be", page_hold(page)));
    page->count = 1;
    page_drop(page);
    check_all_back();
}

static struct page *culprit_page;

static __attribute__((noinline)) void culprit(void)
{
    culprit_page = page_alloc(PAGE_PGTABLE);
}

/* D31: the report names who had the frame, once, then the frame. */
TEST(a_report_of_a_wrong_count_says_whose_frame_it_was)
{
    char report[200];

    start();
    host_name("culprit", culprit);
    culprit();
    snprintf(report, sizeof(report), "frame 0x%zx has 2147483648 counts", page_to_pfn(culprit_page));
    CHECK(PANICS(report, (culprit_page->count = PAGE_COUNT_MAX, page_drop(culprit_page))));
    page_drop(culprit_page);
    for (uint32_t count = 0; count < 2; count++) { /* or it was given back although someone held it */
        snprintf(report, sizeof(report),
                 "freed\n    1 taken at culprit\n# kernel panic: no one holds a count of frame 0x%zx "
                 "(count %u, owner none, free)",
                 page_to_pfn(culprit_page), count);
        CHECK(PANICS(report, (kprintf("freed\n"), culprit_page->count = count, page_drop(culprit_page))));
    }
    check_all_back();
}

static struct page *kept[4]; /* in a cache */

static size_t kept_held(void *context)
{
    (void)context;
    return kept[0] != NULL;
}

static void kept_shrink(void *context)
{
    (void)context;
    for (size_t i = 0; kept[0] != NULL && i < ARRAY_SIZE(kept); i++)
        page_drop(kept[i]);
    kept[0] = NULL;
}

TEST(a_block_is_made_from_what_caches_have)
{
    static struct ledger_account account = {.name = "kept", .held = kept_held, .shrink = kept_shrink};
    static struct page *held[HOST_FRAMES];
    size_t n = 0;

    start();
    ledger_open(&account);
    struct page *block = page_alloc_block(2, PAGE_HEAP);
    while ((held[n] = page_alloc(PAGE_USER)) != NULL)
        n++;
    page_drop(block);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        kept[i] = page_alloc(PAGE_USER);
    CHECK_EQ(page_alloc_block(2, PAGE_HEAP), block);
    CHECK_EQ(kept[0], NULL);
    page_drop(block);
    while (n != 0)
        page_drop(held[--n]);
    check_all_back();
}

/* A cache that counts how often it is emptied, and wants a frame for that. */
static unsigned shrunk;

static size_t wants_held(void *context)
{
    (void)context;
    return 0;
}

static void wants_shrink(void *context)
{
    (void)context;
    shrunk++;
    CHECK(shrunk < 100);
    if (page_free_count() == 0)
        CHECK_EQ(page_alloc(PAGE_OTHER), NULL);
}

static void open_cache_that_wants_frames(void)
{
    static struct ledger_account account = {.name = "wants", .held = wants_held, .shrink = wants_shrink};
    static bool open;

    if (!open)
        ledger_open(&account);
    open = true;
    shrunk = 0;
}

TEST(caches_are_emptied_only_when_memory_is_short)
{
    static struct page *held[HOST_FRAMES];
    size_t n = 0;

    start();
    open_cache_that_wants_frames();
    for (; n < FREE; n++)
        held[n] = page_alloc(PAGE_USER);
    for (size_t i = 0; i < 8; i++)
        page_drop(held[--n]);
    CHECK(page_reserve(8));
    CHECK_EQ(shrunk, 0);
    CHECK(!page_reserve(9));
    CHECK_EQ(shrunk, 1);
    page_drop(page_alloc_block(3, PAGE_OTHER));
    CHECK(shrunk <= 2); /* the frames may be apart */
    while (n != 0)
        page_drop(held[--n]);
    check_all_back();
}

/* Emptying the caches, which is for an allocation, does not begin again for an allocation of theirs. */
TEST(caches_are_emptied_once_for_an_allocation)
{
    static struct page *held[HOST_FRAMES];
    size_t n = 0;

    start();
    open_cache_that_wants_frames();
    while (n < FREE)
        held[n++] = page_alloc(PAGE_USER);
    CHECK_EQ(page_alloc(PAGE_USER), NULL);
    CHECK_EQ(shrunk, 1);
    CHECK_EQ(page_alloc_block(1, PAGE_OTHER), NULL);
    CHECK_EQ(shrunk, 2);
    CHECK(!page_reserve(1));
    CHECK_EQ(shrunk, 3);
    while (n != 0)
        page_drop(held[--n]);
    check_all_back();
}

/* It is likely in the CPU's cache. */
TEST(a_frame_that_is_freed_is_the_next)
{
    start();
    for (enum page_owner owner = PAGE_USER; owner < PAGE_OWNERS; owner++) {
        struct page *first = page_alloc(owner), *second = page_alloc(owner);

        page_drop(first);
        CHECK_EQ(page_alloc(PAGE_USER), first);
        page_drop(second);
        CHECK_EQ(page_alloc(PAGE_USER), second);
        page_drop(first);
        page_drop(second);
    }
    check_all_back();
}

TEST(the_counter_of_free_frames_is_what_readers_see)
{
    const size_t *counter = page_free_counter();

    start();
    CHECK_EQ(*counter, FREE);
    struct page *block = page_alloc_block(4, PAGE_OTHER);
    CHECK_EQ(*counter, FREE - 16);
    page_drop(block);
    CHECK_EQ(*counter, FREE);
}

/* When no frames are neighbours, what is taken for the cache is still no more than a batch. */
TEST(a_batch_of_single_frames_is_no_larger)
{
    static struct page *held[HOST_FRAMES];

    start();
    for (size_t n = 0; n < FREE; n++)
        held[n] = page_alloc(PAGE_USER);
    for (size_t n = 0; n < FREE; n++) {
        if (page_to_pfn(held[n]) % 2 == 0)
            page_drop(held[n]);
    }
    page_shrink();
    struct page *page = page_alloc(PAGE_USER);
    CHECK_EQ(page_free_count() - pmm_free_frames(), 31);
    page_drop(page);
    for (size_t n = 0; n < FREE; n++) {
        if (page_to_pfn(held[n]) % 2 != 0)
            page_drop(held[n]);
    }
    check_all_back();
}

/* D32: a wrong owner, a wrong count and a lost frame. */
TEST(the_checker_finds_each_kind_of_error)
{
    struct page *page;

    start();
    page = page_alloc(PAGE_USER);
    page->owner = PAGE_HEAP;
    CHECK(!page_ok());
    page->owner = PAGE_USER;
    CHECK(page_ok());
    array[HOST_FRAMES - 1].count = 1;
    CHECK(!page_ok());
    array[HOST_FRAMES - 1].count = 0;
    CHECK(page_ok());
    CHECK(pmm_take(0) != NULL); /* page.c does not know of it */
    CHECK(!page_ok());
}

TEST(frame_0_is_refused)
{
    memset(array, 0, sizeof(array));
    page_init(array, HOST_FRAMES);
    CHECK(PANICS("first_pfn != 0", page_add_free(0, 4)));
    CHECK(PANICS("page_frames", page_add_free(1, HOST_FRAMES)));
}

static void open_ledger(void)
{
    static bool open;

    if (!open)
        page_open_ledger();
    open = true;
}

/* D28: the ledger compares frames in use, not the maximum. */
TEST(the_ledger_counts_frames_and_names_the_leaks_caller)
{
    struct page *page;

    start();
    host_name("culprit", culprit);
    page = page_alloc(PAGE_PGTABLE);
    open_ledger();
    ledger_mark();
    CHECK(ledger_check());
    for (int i = 0; i < 500; i++)
        culprit();
    for (size_t pfn = FIRST; pfn < HOST_FRAMES; pfn++) {
        if (array[pfn].owner == PAGE_PGTABLE && &array[pfn] != culprit_page && &array[pfn] != page)
            page_drop(&array[pfn]);
    }
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 1 frames of page tables (base 1, now 2)\n"
                          "    1 taken at culprit\n");
    page_drop(culprit_page);
    CHECK(ledger_check());
    console_clear();
    page_drop(page);
    CHECK(!ledger_check());
    CHECK_STR_EQ(console,
                 "kernel check failed: gave back 1 too many frames of page tables (base 1, now 0)\n");
    check_all_back();
}

/* Slabs are no account of this one's: the heap has its own (page.h). */
TEST(each_leaked_frame_is_counted_and_none_of_the_heap)
{
    struct page *first, *heap;

    start();
    host_name("culprit", culprit);
    open_ledger();
    ledger_mark();
    heap = page_alloc(PAGE_HEAP);
    CHECK(ledger_check());
    culprit();
    first = culprit_page;
    culprit();
    CHECK(!ledger_check());
    CHECK_STR_EQ(console, "kernel check failed: leaked 2 frames of page tables (base 0, now 2)\n"
                          "    2 taken at culprit\n");
    page_drop(first);
    page_drop(culprit_page);
    page_drop(heap);
    check_all_back();
}

TEST(random_use_keeps_the_sums)
{
    static struct page *held[FREE];
    size_t n = 0, frames = 0;

    start();
    for (int step = 0; step < 20000; step++) {
        size_t i = unit_below((unsigned)n + 1);
        unsigned order = unit_below(8) != 0 ? 0 : unit_below(4);

        if (i == n || unit_below(2) == 0) {
            enum page_owner owner = (order == 0 ? PAGE_USER : PAGE_PGTABLE) + unit_below(3);
            struct page *page = page_alloc_block(order, owner);

            if (page == NULL)
                continue;
            held[n++] = page;
            frames += BIT(order);
        } else {
            frames -= BIT(held[i]->order);
            page_drop(held[i]);
            held[i] = held[--n];
        }
        CHECK_EQ(page_free_count(), FREE - frames);
        CHECK_EQ(page_taken_count(), page_given_count() + frames);
        if (step % 256 == 0)
            CHECK(page_ok());
    }
    while (n != 0)
        page_drop(held[--n]);
    check_all_back();
}
