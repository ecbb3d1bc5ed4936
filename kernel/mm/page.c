/*
 * page - counts, owners and the stock of single frames; see page.h.
 *
 * Which free frames lie next to each other is the policy's business (pmm.h). In front of it stand
 * up to STOCK_MAX single frames, last in first out: most frames come and go one by one, and a
 * frame just freed is likely in the CPU's cache. A frame in the stock is free, but cannot merge.
 *
 * Checking builds remember who took a frame and poison free ones: one word in 64 bytes is
 * overwritten and looked at when the frame is taken again. So a stray write is found with a chance
 * of one in sixteen per word; looking at every word would cost as much as the page copy that most frames
 * are taken for. All other bytes of a free frame stay as they were.
 */
#include "mm/page.h"
#include "arch/i386/cpu.h"
#include "check/inject.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/kasan_heap.h"
#include "mm/pmm.h"
#include "mm/swap.h"
#include "watch/ledger.h"

#define STOCK_MAX 128
#define STOCK_BATCH_ORDER 5
#define EVICT_BATCH 16                     /* frames to be had at once when memory is full */
#define STOCK_BATCH BIT(STOCK_BATCH_ORDER) /* frames that go to or come from the policy at once */

#define POISON 0xFEEEFEEEu
#define POISON_STRIDE (64 / sizeof(uint32_t))

struct page *page_array;
size_t page_frames;

static size_t owned[PAGE_OWNERS]; /* frames, by owner */
static uint64_t taken, given;     /* frames, since boot */

static struct page *stock[STOCK_MAX];
static unsigned stocked;

static const char *const owner_names[] = {
#define PAGE_OWNER(NAME, name, text) [PAGE_##NAME] = text,
#include <ucow/enums.def>
};

static KASAN_LEAVES_ALONE void page_poison(struct page *page)
{
    uint32_t *words = page_to_virt(page);

    for (size_t i = 0; i < PAGE_SIZE / sizeof(uint32_t); i += POISON_STRIDE)
        words[i] = POISON;
}

static KASAN_LEAVES_ALONE void page_check_poison(const struct page *page)
{
    const uint32_t *words = page_to_virt(page);

    for (size_t i = 0; i < PAGE_SIZE / sizeof(uint32_t); i += POISON_STRIDE) {
        if (words[i] == POISON)
            continue;
        ledger_print_site(1, page->site);
        panic("frame 0x%x was written to after it was freed: 0x%08x at offset 0x%x; its last use is above",
              (unsigned)page_to_pfn(page), (unsigned)words[i], (unsigned)(i * sizeof(uint32_t)));
    }
}

void page_expect_held(const struct page *page)
{
    if (page->count != 0 && page->owner > PAGE_FREE) {
        RULE(page->count < PAGE_COUNT_MAX, "frame 0x%x has %u counts, more than there can be: never dropped?",
             (unsigned)page_to_pfn(page), (unsigned)page->count);
        return;
    }
    ledger_print_site(1, page->site);
    panic("nobody holds a count of frame 0x%x (count %u, owner %s): dropped too often? its last use is above",
          (unsigned)page_to_pfn(page), (unsigned)page->count, owner_names[page->owner]);
}

/* Checking builds: `n` frames change hands. A frame nobody ever took, site 0, is not poisoned: that
 * would touch all of the memory at boot. */
static void frames_check_taken(struct page *first, size_t n, uintptr_t site)
{
    for (size_t i = 0; i < n; i++) {
        ASSERT(first[i].owner == PAGE_FREE && first[i].count == 0);
        if (first[i].site != 0)
            page_check_poison(&first[i]);
        first[i].site = site;
    }
}

/* `block`, just taken from the policy or the stock, belongs to `owner` now, with one count. */
static inline struct page *block_own(struct page *block, unsigned order, enum page_owner owner,
                                     uintptr_t site)
{
    size_t n = BIT(order);

    if (CONFIG_DEBUG_CHECKS)
        frames_check_taken(block, n, site);
    for (size_t i = 0; i < n; i++)
        block[i].owner = (uint8_t)owner;
    heap_frames_taken(block, n, site);
    block->order = (uint8_t)order;
    block->count = 1;
    if (CONFIG_SWAP) {
        block->lineage = NULL;
        block->object = NULL;
    }
    owned[owner] += n;
    owned[PAGE_FREE] -= n;
    taken += n;
    return block;
}

/* Whether there is a frame in the stock now, which was empty: a batch of neighbours costs the policy
 * no more work than a single frame does, but in full memory there are only single ones. */
static bool stock_refill(void)
{
    struct page *page = pmm_take(STOCK_BATCH_ORDER);

    if (page != NULL) {
        for (unsigned i = STOCK_BATCH; i-- > 0;)
            stock[stocked++] = &page[i];
        return true;
    }
    while (stocked < STOCK_BATCH && (page = pmm_take(0)) != NULL)
        stock[stocked++] = page;
    return stocked != 0;
}

/* Memory is full: have everybody give back what is kept only for speed, and if fewer than `wanted`
 * frames are free then, let pages go to the disk. */
static void reclaim(size_t wanted)
{
    static bool busy; /* giving back takes no frames; if it ever did, it would not start over here */

    if (busy)
        return;
    busy = true;
    ledger_shrink();
    if (owned[PAGE_FREE] < wanted)
        swap_evict(wanted - owned[PAGE_FREE]);
    busy = false;
}

/* The same as stock_refill(), at any price. Rare: kept out of the way of page_alloc(). */
static __attribute__((noinline)) bool stock_refill_hard(void)
{
    if (stock_refill())
        return true;
    reclaim(EVICT_BATCH);
    return stocked != 0 || stock_refill();
}

static void stock_drain(unsigned keep)
{
    while (stocked > keep)
        pmm_give(stock[--stocked], 0);
}

static inline struct page *alloc_one(enum page_owner owner, uintptr_t site)
{
    ASSERT(owner > PAGE_FREE && owner < PAGE_OWNERS);
    if (inject_fails(INJECT_FRAME, site) || (stocked == 0 && !stock_refill_hard()))
        return NULL;
    return block_own(stock[--stocked], 0, owner, site);
}

void page_init(struct page *array, size_t frames)
{
    page_array = array;
    page_frames = frames;
    memset(array, 0, frames * sizeof(*array));
    memset(owned, 0, sizeof(owned));
    owned[PAGE_RESERVED] = frames;
    taken = given = 0;
    stocked = 0;
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
    heap_frames_freed(&page_array[first_pfn], n, 0);
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

/* A block when there is none, at any price: what is missing are neighbours. */
static struct page *block_take_hard(unsigned order)
{
    struct page *block;

    reclaim(0);
    do {
        page_shrink(); /* they may be in stock */
        block = pmm_take(order);
    } while (block == NULL && swap_evict(BIT(order)) != 0);
    return block;
}

struct page *page_alloc_block(unsigned order, enum page_owner owner)
{
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    struct page *block;

    ASSERT(order <= PAGE_MAX_ORDER && owner > PAGE_FREE && owner < PAGE_OWNERS);
    if (order == 0)
        return alloc_one(owner, site);
    if (inject_fails(INJECT_FRAME, site))
        return NULL;
    block = pmm_take(order);
    if (block == NULL)
        block = block_take_hard(order);
    return block == NULL ? NULL : block_own(block, order, owner, site);
}

void page_free(struct page *page)
{
    unsigned order = page->order;
    size_t n = BIT(order);

    if (CONFIG_SWAP)
        swap_page_freed(page);
    owned[page->owner] -= n;
    owned[PAGE_FREE] += n;
    given += n;
    for (size_t i = 0; i < n; i++) {
        page[i].owner = PAGE_FREE;
        if (CONFIG_DEBUG_CHECKS)
            page_poison(&page[i]);
    }
    heap_frames_freed(page, n, (uintptr_t)__builtin_return_address(0));
    if (order != 0) {
        pmm_give(page, order);
        return;
    }
    if (stocked == STOCK_MAX)
        stock_drain(STOCK_MAX - STOCK_BATCH);
    stock[stocked++] = page;
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
    stock_drain(0);
}

size_t page_total_count(void)
{
    return page_frames - owned[PAGE_RESERVED];
}

size_t page_free_count(void)
{
    return owned[PAGE_FREE];
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
    return given;
}

/* The keeper of an owner's account is its element of `owned`. */
static size_t ledger_held(void *keeper)
{
    return *(size_t *)keeper;
}

static void ledger_walk(void *keeper, void (*note)(uintptr_t site))
{
    size_t owner = (size_t)((size_t *)keeper - owned);

    for (size_t pfn = 0, left = owned[owner]; left > 0 && pfn < page_frames; pfn++) {
        if (page_array[pfn].owner != owner)
            continue;
        note(page_array[pfn].site);
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
            .of = owner_names[owner],
            .keeper = &owned[owner],
            .held = ledger_held,
            .walk = ledger_walk,
        };
        ledger_open(&accounts[owner]);
    }
}

bool page_ok(void)
{
    size_t found[PAGE_OWNERS] = {0}, held = 0;

    for (size_t pfn = 0; pfn < page_frames; pfn++) {
        const struct page *page = &page_array[pfn];

        if (page->owner >= PAGE_OWNERS || (page->owner <= PAGE_FREE && page->count != 0))
            return false;
        found[page->owner]++;
        held += page->owner > PAGE_FREE;
    }
    for (unsigned owner = 0; owner < PAGE_OWNERS; owner++) {
        if (found[owner] != owned[owner])
            return false;
    }
    return pmm_ok() && pmm_free_frames() + stocked == owned[PAGE_FREE] && taken == given + held;
}
