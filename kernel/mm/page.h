/*
 * page - physical page frames and who refers to them.
 *
 * A frame is free exactly when its count is 0. Every present PTE, every entry of a program's page
 * cache and every kernel pointer that is kept owns one count. Counts are 32 bits wide: no number
 * of sharers can overflow them.
 *
 * Not to be called from interrupt handlers.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/linear.h"
#include "config.h"
#include "lib/list.h"
#include "watch/assert.h"

/* Declared in enums.def. */
enum page_owner {
#define PAGE_OWNER(NAME, name, text) PAGE_##NAME,
#include <ucow/enums.def>
    PAGE_OWNERS
};

struct page {
    uint32_t count;        /* references; for a block of several frames kept in the first */
    uint8_t owner;         /* enum page_owner; of a block, in each of its frames */
    uint8_t order;         /* of the block that begins here; free frames: the policy's */
    uint16_t slab_used;    /* objects in use, when this frame is a slab */
    struct list_node link; /* free list, the slab's list, or for eviction */
    union {
        void *slab_free;         /* first free object of the slab */
        struct lineage *lineage; /* memory of processes: see rmap.h; NULL: not to be evicted */
    };
    union {
        struct kmem_cache *cache; /* whose slab this is; NULL: it is none */
        struct vm_object *object; /* PAGE_CACHE and PAGE_SHARED: whose page this is */
        uint32_t slot;            /* PAGE_USER: where on the disk the same bytes are; 0: nowhere */
    };
    uintptr_t site; /* who took it last, 0 when nobody ever did (checking builds) */
    union {
        uint32_t length; /* bytes of a large object; frames of a free run (pmm_first_fit) */
        uintptr_t va;    /* with a lineage: where all who map it do so */
    };
};

/* On the i386 an index into the array is a shift. */
_Static_assert(sizeof(void *) != 4 || sizeof(struct page) == 32, "struct page is not 32 bytes");

#define PAGE_MAX_ORDER 10 /* the largest block: 4 MiB */

/* All frames, by frame number; `page_frames` of them. Set once at boot. */
extern struct page *page_array;
extern size_t page_frames;

static inline size_t page_to_pfn(const struct page *page)
{
    return (size_t)(page - page_array);
}

static inline struct page *pfn_to_page(size_t pfn)
{
    ASSERT(pfn < page_frames);
    return &page_array[pfn];
}

static inline paddr_t page_to_phys(const struct page *page)
{
    return (paddr_t)page_to_pfn(page) << PAGE_SHIFT;
}

static inline struct page *phys_to_page(paddr_t pa)
{
    return pfn_to_page(pa >> PAGE_SHIFT);
}

/* The frame's bytes, in the kernel's linear map. */
static inline void *page_to_virt(const struct page *page)
{
    return phys_to_virt(page_to_phys(page));
}

static inline struct page *virt_to_page(const void *va)
{
    return phys_to_page(virt_to_phys(va));
}

/* Take `frames` frames, described by `array` (zeroed here: all reserved), under management. */
void page_init(struct page *array, size_t frames);

/* Hand frames [first, first + n), so far reserved, to the allocator. Never frame 0. */
void page_add_free(size_t first_pfn, size_t n);

/* One frame with count 1 and undefined bytes; NULL when there is none. */
struct page *page_alloc(enum page_owner owner);

/* The same with all bytes 0. */
struct page *page_alloc_zero(enum page_owner owner);

/* 2^order neighbouring frames, naturally aligned, with undefined bytes and one common count, 1, in
 * the first; NULL when there are none. Given back by page_drop() of the first. */
struct page *page_alloc_block(unsigned order, enum page_owner owner);

/* The last count is gone: give the frame, or the block that begins with it, back. For page_drop(). */
void page_free(struct page *page);

/* As many PTEs need 8 GiB of page tables: a count that gets there is one that nobody gives up. */
#define PAGE_COUNT_MAX (1u << 31)

/* Panic, naming who took `page` last, unless somebody owns a count of it, and not more than can be. For the
 * two below. */
void page_expect_held(const struct page *page);

static inline void page_hold(struct page *page)
{
    if (CONFIG_DEBUG_CHECKS)
        page_expect_held(page);
    page->count++;
}

/* Give up one count, and with the last one the frame. */
static inline void page_drop(struct page *page)
{
    if (CONFIG_DEBUG_CHECKS)
        page_expect_held(page);
    if (--page->count == 0)
        page_free(page);
}

/* Frames under management, free ones, and those of one owner. Cheap. */
size_t page_total_count(void);
size_t page_free_count(void);
size_t page_owner_count(enum page_owner owner);

/* Frames taken and given back since boot, counted in frames. taken = given + held. */
uint64_t page_taken_count(void);
uint64_t page_given_count(void);

/* Whether at least n frames are free, after everybody has given back what is only kept for speed, and
 * pages have gone to the disk. */
bool page_reserve(size_t n);

/* Give the frames kept in hand for speed back to the allocator, so that they can merge. */
void page_shrink(void);

/* One ledger account for each owner but PAGE_HEAP, whose objects have accounts of their own: how many
 * slabs a number of objects needs depends on the order they came in. After page_init(). */
void page_open_ledger(void);

/* Whether array, counts and free lists agree. Cost grows with memory: for self-checks only. */
bool page_ok(void);

#endif
