/* SPDX-License-Identifier: MIT */
/*
 * page - physical page frames and their reference counts.
 *
 * A frame is free exactly when its count is 0. Every present PTE, every page stored in an object
 * (page_store.h) and every kernel pointer to a frame owns one reference. Counts are 32 bits wide: no number
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
    uint32_t count; /* references; for a block of several frames those of the first */
    uint8_t owner;  /* enum page_owner; set in each frame of a block */
    uint8_t order;  /* of the block that begins here; free frames: the policy's */
    union {
        uint16_t slab_used;  /* objects in use, if this frame is a slab */
        uint16_t table_used; /* entries that are not 0, if it is a page table */
    };
    union {
        struct list_node link; /* in a free list, a cache's list of slabs, or the list for eviction */
        uint64_t table_walk;   /* page table: the last walk over entries that found one here; see rmap.c */
    };
    union {
        void *slab_free;         /* first free object of the slab */
        bool table_has_shmem;    /* page table: an entry may map shared memory */
        struct lineage *lineage; /* user memory: see rmap.h; NULL: not to be evicted */
    };
    union {
        struct kmem_cache *cache; /* PAGE_HEAP: the cache of this slab; NULL: not a slab */
        struct vm_object *object; /* PAGE_CACHE and PAGE_SHARED: the object of this page */
        uint32_t slot;            /* PAGE_USER: the slot on the disk with the same bytes; 0: none */
    };
    uintptr_t caller; /* who allocated it last, 0: it never was (checking builds) */
    union {
        uint32_t length; /* bytes of a large object; frames of a free run (pmm_first_fit) */
        uintptr_t va;    /* with a lineage: the address at which all sharers map it */
        struct {
            uint16_t low, high; /* page table: entries outside [low, high) are 0 */
        } table;
    };
};

/* On the i386 the index in the array is then computed by a shift. */
_Static_assert(sizeof(void *) != 4 || sizeof(struct page) == 32, "struct page is not 32 bytes");

#define PAGE_MAX_ORDER 10 /* the largest block: 4 MiB */

/* All frames, by frame number; `page_frames` of them. Set once at boot. */
extern struct page *page_array;
extern size_t page_frames;

/* How reports name the owners. */
extern const char *const page_owner_names[];

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

/* Boot: manage `frames` frames, described by `array`, which is zeroed: all are reserved. */
void page_init(struct page *array, size_t frames);

/* Make frames [first, first + n), until now reserved, free. Never frame 0. */
void page_add_free(size_t first_pfn, size_t n);

/* Allocate one frame with count 1 and undefined bytes; NULL if there is none. */
struct page *page_alloc(enum page_owner owner);

/* The same with all bytes 0. */
struct page *page_alloc_zero(enum page_owner owner);

/* Allocate 2^order neighbouring frames, naturally aligned, with undefined bytes. They have one common count,
 * in the first frame, which is 1. NULL if there are none. Freed by page_drop() of the first. PAGE_USER only
 * with order 0. */
struct page *page_alloc_block(unsigned order, enum page_owner owner);

/* Free the frame, or the block that begins with it, whose count is 0. For page_drop(). */
void page_free(struct page *page);

/* So many PTEs would need 8 GiB of page tables: a count that gets there belongs to a frame that is never
 * dropped. */
#define PAGE_COUNT_MAX (1u << 31)

/* Panic if `page` has no references, or more than are possible, naming who allocated it last. */
void page_not_held(const struct page *page);
static inline void page_expect_held(const struct page *page)
{
    if (__builtin_expect(page->count - 1 >= PAGE_COUNT_MAX - 1 || page->owner <= PAGE_FREE, 0))
        page_not_held(page);
}

/* The caller of its allocator shall be named in reports, instead of the allocator (checking builds). */
static inline void page_set_caller(struct page *page, uintptr_t caller)
{
    if (CONFIG_DEBUG_CHECKS)
        page->caller = caller;
}

static inline void page_hold(struct page *page)
{
    if (CONFIG_DEBUG_CHECKS)
        page_expect_held(page);
    page->count++;
}

/* Drop one reference; with the last one the frame is freed. Always inline: reports name the caller of
 * page_free(). */
static inline __attribute__((always_inline)) void page_drop(struct page *page)
{
    if (CONFIG_DEBUG_CHECKS)
        page_expect_held(page);
    if (--page->count == 0)
        page_free(page);
}

/* The number of frames under management, of free ones, and of those of one owner. Cheap. */
size_t page_total_count(void);
size_t page_free_count(void);
size_t page_owner_count(enum page_owner owner);

/* Where the number of free frames is kept, for a reader that looks often. */
const size_t *page_free_counter(void);

/* Frames allocated and freed since boot: taken = given + held. */
uint64_t page_taken_count(void);
uint64_t page_given_count(void);

/* Whether at least n frames are free, if need be after shrinking caches and evicting pages; that ends when it
 * has taken as long as it may (swap_evict()), and has then made some frames free. */
bool page_reserve(size_t n);

/* Return the frames in this allocator's cache to the policy, so that they can merge. */
void page_shrink(void);

/* Open one ledger account for each owner but PAGE_HEAP: how many slabs a number of objects needs depends on
 * the order of allocations, so heap objects have accounts of their own. After page_init(). */
void page_open_ledger(void);

/* Whether array, counts and free lists agree. Cost grows with memory: for self-checks only. */
bool page_ok(void);

#endif
