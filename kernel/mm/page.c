/* SPDX-License-Identifier: MIT */
/*
 * page - the frame allocator: reference counts, owners and a cache of free frames; see page.h.
 *
 * The policy (pmm.h) knows which free frames are next to each other. A cache of up to CACHE_MAX single
 * frames is in front of it, last in first out: most frames are allocated and freed one by one, and a frame
 * just freed is likely in the CPU's cache. A frame in this cache is free, but cannot merge.
 */
#include "mm/page.h"
#include "arch/i386/cpu.h"
#include "check/hooks.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
#include "mm/pmm.h"
#include "mm/swap.h"
#include "watch/ledger.h"

#define CACHE_MAX 256
#define BATCH_ORDER 5
#define BATCH BIT(BATCH_ORDER) /* frames to take from the policy at once */
#define EVICT_BATCH 16         /* frames to free at once when memory is full */

static size_t owned[PAGE_OWNERS]; /* frames, by owner */
static uint64_t taken;            /* frames allocated since boot */

static struct page *cache[CACHE_MAX];
static unsigned cached_n;

/* Make the free block `block`, just taken from the policy or the cache, belong to `owner`, with one
 * reference. */
static inline struct page *block_own(struct page *block, unsigned order, enum page_owner owner,
                                     uintptr_t caller)
{
    size_t n = BIT(order);

    for (size_t i = 0; i < n; i++) {
        ASSERT(block[i].owner == PAGE_FREE && block[i].count == 0);
        block[i].owner = (uint8_t)owner;
        heap_guard_frame_allocated(&block[i], caller);
    }
    block->order = (uint8_t)order;
    block->count = 1;
    swap_page_allocated(block);
    owned[owner] += n;
    owned[PAGE_FREE] -= n;
    taken += n;
    return block;
}

/* Fill the empty cache; false if there is no free frame. A batch of neighbours costs the policy no more
 * work than a single frame, but a full memory has only single ones. */
static bool cache_refill(void)
{
    struct page *page = pmm_take(BATCH_ORDER);

    if (page != NULL) {
        for (unsigned i = BATCH; i-- > 0;)
            cache[cached_n++] = &page[i];
        return true;
    }
    while (cached_n < BATCH && (page = pmm_take(0)) != NULL)
        cache[cached_n++] = page;
    return cached_n != 0;
}

/* Memory is full: shrink all caches, and if fewer than `wanted` frames are free then, evict pages. */
static void reclaim(size_t wanted)
{
    static bool busy; /* reclaiming allocates no frames; if it ever did, it would not recurse */

    if (busy)
        return;
    busy = true;
    ledger_shrink();
    if (owned[PAGE_FREE] < wanted)
        swap_evict(wanted - owned[PAGE_FREE]);
    busy = false;
}

/* Fill the empty cache, if need be by reclaiming. Rare: not inline, to keep page_alloc() short. */
static __attribute__((noinline)) bool cache_refill_hard(void)
{
    if (cache_refill())
        return true;
    reclaim(EVICT_BATCH);
    return cached_n != 0 || cache_refill();
}

/* Free frames of the cache until `left` are left. Frames that were freed one after the other often follow one
 * another in memory, too: the policy gets each such run at once. Not inline, to keep page_free() short. */
static __attribute__((noinline)) void cache_drain(unsigned left)
{
    while (cached_n > left) {
        struct page *top = cache[cached_n - 1];
        unsigned run = 1;

        while (run < cached_n - left && cache[cached_n - 1 - run] == top - run)
            run++;
        cached_n -= run;
        pmm_add(page_to_pfn(top) + 1 - run, run);
    }
}

static inline struct page *alloc_one(enum page_owner owner, uintptr_t caller)
{
    ASSERT(owner > PAGE_FREE && owner < PAGE_OWNERS);
    if (inject_fails(INJECT_FRAME, caller) || (cached_n == 0 && !cache_refill_hard()))
        return NULL;
    return block_own(cache[--cached_n], 0, owner, caller);
}

void page_init(struct page *array, size_t frames)
{
    page_array = array;
    page_frames = frames;
    memset(owned, 0, sizeof(owned));
    owned[PAGE_RESERVED] = frames;
    taken = 0;
    cached_n = 0;
    pmm_init();
}

void page_add_free(size_t first_pfn, size_t n)
{
    ASSERT(first_pfn != 0 && first_pfn <= page_frames && n <= page_frames - first_pfn);
    for (size_t pfn = first_pfn; pfn < first_pfn + n; pfn++) {
        ASSERT(page_array[pfn].owner == PAGE_RESERVED);
        page_array[pfn].owner = PAGE_FREE;
    }
    owned[PAGE_RESERVED] -= n;
    owned[PAGE_FREE] += n;
    heap_guard_frames_new(&page_array[first_pfn], n);
    pmm_add(first_pfn, n);
}

struct page *page_alloc(enum page_owner owner)
{
    return alloc_one(owner, (uintptr_t)__builtin_return_address(0));
}

struct page *page_alloc_zero(enum page_owner owner)
{
    struct page *page = alloc_one(owner, (uintptr_t)__builtin_return_address(0));

    if (page != NULL)
        cpu_clear_page(page_to_virt(page));
    return page;
}

/* Take a block from the policy, which had none: reclaim until enough neighbours are free. */
static struct page *block_take_hard(unsigned order)
{
    struct page *block;

    reclaim(0);
    do {
        page_shrink(); /* the neighbours may be in the cache */
        block = pmm_take(order);
    } while (block == NULL && swap_evict(BIT(order)) != 0);
    return block;
}

struct page *page_alloc_block(unsigned order, enum page_owner owner)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    struct page *block;

    ASSERT(order <= PAGE_MAX_ORDER && owner > PAGE_FREE && owner < PAGE_OWNERS);
    if (order == 0)
        return alloc_one(owner, caller);
    ASSERT(owner != PAGE_USER); /* page_free() relies on it */
    if (inject_fails(INJECT_FRAME, caller))
        return NULL;
    block = pmm_take(order);
    if (block == NULL)
        block = block_take_hard(order);
    return block == NULL ? NULL : block_own(block, order, owner, caller);
}

/* The opposite of block_own(). */
static inline void block_disown(struct page *block, unsigned order, uintptr_t caller)
{
    size_t n = BIT(order);

    swap_page_freed(block);
    owned[block->owner] -= n;
    owned[PAGE_FREE] += n;
    for (size_t i = 0; i < n; i++) {
        block[i].owner = PAGE_FREE;
        heap_guard_frame_freed(&block[i], caller);
    }
}

/* Not inline, to keep page_free() short. */
static __attribute__((noinline)) void block_free(struct page *block, uintptr_t caller)
{
    unsigned order = block->order;

    block_disown(block, order, caller);
    pmm_give(block, order);
}

void page_free(struct page *page)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);

    if (page->owner != PAGE_USER && page->order != 0) { /* the frames of user memory are single ones */
        block_free(page, caller);
        return;
    }
    block_disown(page, 0, caller);
    if (cached_n == CACHE_MAX)
        cache_drain(CACHE_MAX / 4); /* in few long runs: the policy's work is per run */
    cache[cached_n++] = page;
}

bool page_reserve(size_t n)
{
    if (inject_fails(INJECT_FRAME, (uintptr_t)__builtin_return_address(0)))
        return false;
    if (owned[PAGE_FREE] < n)
        reclaim(n);
    return owned[PAGE_FREE] >= n;
}

void page_shrink(void)
{
    cache_drain(0);
}

size_t page_total_count(void)
{
    return page_frames - owned[PAGE_RESERVED];
}

size_t page_free_count(void)
{
    return owned[PAGE_FREE];
}

const size_t *page_free_counter(void)
{
    return &owned[PAGE_FREE];
}

size_t page_owner_count(enum page_owner owner)
{
    return owned[owner];
}

uint64_t page_taken_count(void)
{
    return taken;
}

uint64_t page_given_count(void)
{
    return taken - (page_total_count() - owned[PAGE_FREE]);
}

/* The `context` of an owner's account is its element of `owned`. */
static size_t ledger_held(void *context)
{
    return *(size_t *)context;
}

static void ledger_walk(void *context, void (*visit)(uintptr_t caller))
{
    size_t owner = (size_t)((size_t *)context - owned);

    for (size_t pfn = 0, left = owned[owner]; left > 0 && pfn < page_frames; pfn++) {
        if (page_array[pfn].owner != owner)
            continue;
        visit(page_array[pfn].caller);
        left--;
    }
}

void page_open_ledger(void)
{
    static struct ledger_account accounts[PAGE_OWNERS];

    for (unsigned owner = PAGE_USER; owner < PAGE_OWNERS; owner++) {
        if (owner == PAGE_HEAP)
            continue;
        accounts[owner] = (struct ledger_account){
            .name = "frames of",
            .of = page_owner_names[owner],
            .context = &owned[owner],
            .held = ledger_held,
            .walk = ledger_walk,
        };
        ledger_open(&accounts[owner]);
    }
}

bool page_ok(void)
{
    size_t found[PAGE_OWNERS] = {0};

    for (size_t pfn = 0; pfn < page_frames; pfn++) {
        const struct page *page = &page_array[pfn];

        if (page->owner >= PAGE_OWNERS || (page->owner <= PAGE_FREE && page->count != 0))
            return false;
        found[page->owner]++;
    }
    for (unsigned owner = 0; owner < PAGE_OWNERS; owner++) {
        if (found[owner] != owned[owner])
            return false;
    }
    return pmm_ok() && pmm_free_frames() + cached_n == owned[PAGE_FREE];
}
