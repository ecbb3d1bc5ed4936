/* SPDX-License-Identifier: MIT */
/*
 * heap_guard, poison: patterns in free memory and after objects, checked when memory changes hands.
 *
 * `room` is the cache's room_bytes:
 *
 *     | object, `room` bytes | red zone, to the next word and one word more | caller that allocated it |
 *
 * The red zone's bytes say whether the object is in use or free. A free object is filled with POISON, except
 * for its first word, which links it into the slab's list and must point into the slab.
 *
 * In a free frame one word in 64 bytes is overwritten, and checked when the frame is allocated again; all
 * other bytes stay as they were. So a stray write of a word is found with a probability of one in sixteen.
 * To check every word would cost more than the page copy that most frames are allocated for.
 */
#include "arch/i386/cpu.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/heap_guard.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "watch/ledger.h"

#define RED_USED 0xBB
#define RED_FREE 0x5F
#define POISON 0x6B
#define WORD_OF(byte) ((uintptr_t)-1 / 0xFF * (byte))
#define POISON_WORD ((uint32_t)WORD_OF(POISON))
#define LARGE_RED_MAX 64

#define FRAME_POISON 0xFEEEFEEEu
#define FRAME_STRIDE (64 / sizeof(uint32_t))
#define FRAME_WORDS (PAGE_SIZE / sizeof(uint32_t))
#define FRAME_STEP 8 /* words without a branch between them; divides the 64 of a frame */

void heap_guard_init(void)
{
}

/* ---- Objects of slabs ---- */

/* The red zone of an object: bytes from `first` up to `word`, which is aligned, and this word. The return
 * address of who allocated the object last is the word after it. */
struct red_zone {
    uint8_t *first;
    uintptr_t *word;
};

static inline struct red_zone red_of(const struct kmem_cache *cache, const void *object)
{
    char *start = (char *)object; /* NOLINT: the guard writes beside objects that it may not change */
    return (struct red_zone){(uint8_t *)start + cache->room_bytes,
                             (uintptr_t *)(void *)(start + ALIGN_UP(cache->room_bytes, sizeof(uintptr_t)))};
}

static uintptr_t *object_caller(const struct kmem_cache *cache, const void *object)
{
    return red_of(cache, object).word + 1;
}

static bool bytes_are(const uint8_t *bytes, size_t n, uint8_t value)
{
    while (n != 0 && *bytes == value) {
        bytes++;
        n--;
    }
    return n == 0;
}

static inline bool red_is(struct red_zone red, uint8_t value)
{
    return *red.word == WORD_OF(value) &&
           bytes_are(red.first, (size_t)((uint8_t *)red.word - red.first), value);
}

static inline void red_set(struct red_zone red, uint8_t value)
{
    *red.word = WORD_OF(value);
    while (red.first < (uint8_t *)red.word)
        *red.first++ = value;
}

static _Noreturn void object_panic(const struct kmem_cache *cache, const void *object, const char *what)
{
    ledger_print_caller(1, *object_caller(cache, object));
    panic("heap object %p of %s %s; its last use is above", object, cache->name, what);
}

size_t heap_guard_bytes(size_t room)
{
    return ALIGN_UP(room, sizeof(uintptr_t)) - room + 2 * sizeof(uintptr_t);
}

size_t heap_guard_align(void)
{
    return sizeof(void *);
}

static inline void mark_free(const struct kmem_cache *cache, void *object, struct red_zone red)
{
    cpu_fill_words(object, POISON_WORD, ALIGN_UP(cache->room_bytes, sizeof(uint32_t)) / sizeof(uint32_t));
    red_set(red, RED_FREE);
}

void heap_guard_slab_new(const struct kmem_cache *cache, struct page *slab)
{
    uint8_t *object = page_to_virt(slab);
    for (size_t i = 0; i < cache->per_slab; i++, object += cache->stride_bytes) {
        struct red_zone red = red_of(cache, object);
        mark_free(cache, object, red);
        red.word[1] = 0;
    }
}

void heap_guard_allocated(const struct kmem_cache *cache, void *object, size_t bytes, uintptr_t caller)
{
    (void)bytes;
    const uintptr_t first = *(const uintptr_t *)object;
    const uintptr_t offset = first - ALIGN_DOWN((uintptr_t)object, PAGE_SIZE);
    const uint32_t *rest = (const uint32_t *)((const uintptr_t *)object + 1);
    const size_t n = (cache->room_bytes - sizeof(first)) / sizeof(*rest);
    struct red_zone red = red_of(cache, object);

    if (first != 0 && (offset >= cache->per_slab * cache->stride_bytes || offset % cache->stride_bytes != 0))
        object_panic(cache, object, "was written to after it was freed (first word)");
    if (cpu_count_words(rest, POISON_WORD, n) != n)
        object_panic(cache, object, "was written to after it was freed");
    if (!red_is(red, RED_FREE))
        object_panic(cache, object, "was written beyond its end after it was freed");
    red_set(red, RED_USED);
    red.word[1] = caller;
}

void *heap_guard_freed(const struct kmem_cache *cache, void *object, uintptr_t caller)
{
    (void)caller;
    const struct page *slab = virt_to_page(object);
    struct red_zone red = red_of(cache, object);

    if (slab->owner != PAGE_HEAP || slab->cache != cache ||
        (uintptr_t)object % PAGE_SIZE % cache->stride_bytes != 0)
        panic("%p is freed as an object of %s, which it is not", object, cache->name);
    if (red_is(red, RED_FREE))
        object_panic(cache, object, "is freed twice");
    if (!red_is(red, RED_USED))
        object_panic(cache, object, "was written beyond its end");
    mark_free(cache, object, red);
    return object;
}

void *heap_guard_drain(void)
{
    return NULL;
}

bool heap_guard_in_use(const struct kmem_cache *cache, const void *object, uintptr_t *caller)
{
    *caller = *object_caller(cache, object);
    return *red_of(cache, object).word != WORD_OF(RED_FREE);
}

/* ---- Large objects ---- */

/* How many bytes between the object and the end of its block are a red zone. */
static size_t large_red_bytes(const struct page *block)
{
    return MIN(((size_t)PAGE_SIZE << block->order) - block->length, (size_t)LARGE_RED_MAX);
}

void heap_guard_large_allocated(struct page *block, size_t bytes, uintptr_t caller)
{
    block->caller = caller;
    memset((uint8_t *)page_to_virt(block) + bytes, RED_USED, large_red_bytes(block));
}

void heap_guard_large_freed(const struct page *block, const void *object, uintptr_t caller)
{
    (void)caller;
    page_expect_held(block);
    if (block->owner != PAGE_HEAP || page_to_virt(block) != object)
        panic("%p is freed, but no heap object begins there", object);
    if (bytes_are((const uint8_t *)object + block->length, large_red_bytes(block), RED_USED))
        return;
    ledger_print_caller(1, block->caller);
    panic("heap object %p of %u bytes was written beyond its end; its last use is above", object,
          (unsigned)block->length);
}

/* ---- Frames ---- */

static void frame_poison(const struct page *page)
{
    uint32_t *words = page_to_virt(page);

    for (size_t i = 0; i < FRAME_WORDS; i += FRAME_STEP * FRAME_STRIDE) {
        for (size_t k = 0; k < FRAME_STEP; k++)
            words[i + k * FRAME_STRIDE] = FRAME_POISON;
    }
}

/* One word that differs changes the sum; several leave it unchanged by an accident of 1 in 2^32. To compare
 * each word would take four times as many instructions. */
static bool frame_is_poisoned(const uint32_t *words)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < FRAME_WORDS; i += FRAME_STEP * FRAME_STRIDE) {
        for (size_t k = 0; k < FRAME_STEP; k++)
            sum += words[i + k * FRAME_STRIDE];
    }
    return sum == (uint32_t)(FRAME_POISON * (FRAME_WORDS / FRAME_STRIDE));
}

static void frame_check(const struct page *page)
{
    const uint32_t *words = page_to_virt(page);

    if (frame_is_poisoned(words))
        return;
    for (size_t i = 0; i < FRAME_WORDS; i += FRAME_STRIDE) {
        if (words[i] == FRAME_POISON)
            continue;
        ledger_print_caller(1, page->caller);
        panic("frame 0x%x was written to after it was freed: 0x%08x at offset 0x%x; its last use is above",
              (unsigned)page_to_pfn(page), (unsigned)words[i], (unsigned)(i * sizeof(uint32_t)));
    }
}

/* Not poisoned, because that would touch all of the memory at boot. Their `caller` is 0. */
void heap_guard_frames_new(struct page *first, size_t n)
{
    (void)first, (void)n;
}

void heap_guard_frame_allocated(struct page *page, uintptr_t caller)
{
    if (page->caller != 0)
        frame_check(page);
    page->caller = caller;
}

void heap_guard_frame_freed(struct page *page, uintptr_t caller)
{
    (void)caller;
    frame_poison(page);
}
