/* SPDX-License-Identifier: MIT */
/*
 * host_mm - address spaces on the host, accessed as a program would access them.
 *
 * host_byte() does the CPU's part of an access: TLB, page tables, page fault, retry. The TLB keeps every
 * translation until it is flushed. So if the kernel removes a right without a flush, the old translation
 * stays in use here, and a test fails.
 * Included by one file of a program.
 */
#ifndef HOST_MM_H
#define HOST_MM_H

#include "host_kernel.h"
#include "mm/mm.h"
#include "mm/point.h"
#include "mm/slab.h"
#include "watch/ledger.h"

uint32_t host_cr3;

/* Symbols of the kernel image for mmu_init(), which is not called here. */
char kernel_rodata_end[1], kernel_lines[1], kernel_end[1], boot_stack_guard[1];

#define HOST_TLB_ENTRIES 256

static struct {
    uintptr_t page;
    pte_t pte;
} tlb[HOST_TLB_ENTRIES];
static size_t tlb_n;

void host_tlb_forget(uintptr_t va)
{
    for (size_t i = 0; i < tlb_n; i++) {
        if (tlb[i].page == va / PAGE_SIZE) {
            tlb[i] = tlb[--tlb_n];
            return;
        }
    }
}

static unsigned host_flushes; /* of everything */
void host_tlb_forget_all(void)
{
    host_flushes++;
    tlb_n = 0;
}

static inline pte_t tlb_find(uintptr_t va)
{
    for (size_t i = 0; i < tlb_n; i++) {
        if (tlb[i].page == va / PAGE_SIZE)
            return tlb[i].pte;
    }
    return 0;
}

static inline void tlb_keep(uintptr_t va, pte_t pte)
{
    if (tlb_n == HOST_TLB_ENTRIES)
        host_tlb_forget_all();
    tlb[tlb_n].page = va / PAGE_SIZE;
    tlb[tlb_n++].pte = pte;
}

static inline bool pte_allows(pte_t pte, bool write)
{
    uint32_t wanted = PTE_P | PTE_U | (write ? PTE_W : 0);

    return (pte & wanted) == wanted;
}

/* The entry for `va` with the rights that it and the directory give; 0 if there is none. */
static inline pte_t effective_pte(struct mm *mm, uintptr_t va)
{
    const pte_t *pte = pte_find(mm->pgdir, va);

    if (pte == NULL)
        return 0;
    return pgdir_permits_writes(mm->pgdir, va) ? *pte : *pte & ~PTE_W;
}

/* The CPU's translation of `va`; 0 for a page fault, which also drops it from the TLB. */
static inline pte_t translate(struct mm *mm, uintptr_t va, bool write)
{
    pte_t known = tlb_find(va), pte = effective_pte(mm, va);

    if (pte_allows(known, write))
        return known;
    host_tlb_forget(va);
    if (!pte_allows(pte, write))
        return 0;
    *pte_find(mm->pgdir, va) |= PTE_A | (write ? PTE_D : 0);
    tlb_keep(va, pte);
    return pte;
}

/* The byte in physical memory that a program in `mm` accesses at `va`, and the outcome of the last fault in
 * *outcome; NULL if the program would be killed. */
static inline uint8_t *host_byte(struct mm *mm, uintptr_t va, bool write, enum mm_outcome *outcome)
{
    if (!mmu_is_loaded(mm->pgdir))
        mmu_load(mm->pgdir);
    for (int tries = 0; tries < 3; tries++) {
        pte_t pte = translate(mm, va, write);

        if (pte != 0)
            return host_memory + pte_frame(pte) + va % PAGE_SIZE;
        *outcome = mm_fault(mm, va, write);
        if (*outcome == MM_OOM || *outcome == MM_SEGV)
            return NULL;
    }
    CHECK(!"the same fault comes again and again");
    return NULL;
}

/* A program writes `value` to the whole page at `va`. */
static inline void host_write(struct mm *mm, uintptr_t va, uint8_t value)
{
    enum mm_outcome outcome;
    uint8_t *bytes = host_byte(mm, va, true, &outcome);

    CHECK(bytes != NULL);
    memset(bytes, value, PAGE_SIZE);
}

/* A program writes one byte. */
static inline void host_poke(struct mm *mm, uintptr_t va, uint8_t value)
{
    enum mm_outcome outcome;
    uint8_t *byte = host_byte(mm, va, true, &outcome);

    CHECK(byte != NULL);
    *byte = value;
}

/* A program reads one byte. */
static inline uint8_t host_read(struct mm *mm, uintptr_t va)
{
    enum mm_outcome outcome;
    uint8_t *byte = host_byte(mm, va, false, &outcome);

    CHECK(byte != NULL);
    return *byte;
}

/* The outcome of an access that must fail. */
static inline enum mm_outcome host_failure(struct mm *mm, uintptr_t va, bool write)
{
    enum mm_outcome outcome;

    CHECK_EQ(host_byte(mm, va, write, &outcome), NULL);
    return outcome;
}

/* The frame that is mapped at `va`. */
static inline struct page *host_frame(struct mm *mm, uintptr_t va)
{
    pte_t *pte = pte_find(mm->pgdir, va);

    CHECK(pte != NULL && pte_present(*pte));
    return phys_to_page(pte_frame(*pte));
}

/* Whether the code that has made the last entry has told so: reports name it instead of the function that
 * began. */
static inline bool made_by_other_than(uintptr_t began)
{
    return cow_site != 0 && cow_site != began;
}

/* A test holds the lock of each of its address spaces all the time. */
static inline struct mm *host_locked(struct mm *mm)
{
    mm->lock.owner = host_memory;
    return mm;
}

static inline struct mm *host_mm_new(void)
{
    struct mm *mm = mm_new(NULL);

    CHECK(mm != NULL);
    return host_locked(mm);
}

static inline struct mm *host_mm_dup(struct mm *from)
{
    int error;
    struct mm *mm = mm_dup(from, &error);

    CHECK(mm != NULL);
    CHECK_EQ(error, 0);
    return host_locked(mm);
}

static inline void host_mm_drop(struct mm *mm)
{
    if (mmu_is_loaded(mm->pgdir))
        mmu_load(&kernel_pgdir);
    mm->lock.owner = NULL;
    mm_drop(mm);
}

static inline void host_map(struct mm *mm, uintptr_t start, size_t pages, uint32_t flags,
                            struct vm_object *object)
{
    const struct vma model = {
        .start = start, .end = start + pages * PAGE_SIZE, .flags = flags, .object = object};

    CHECK_EQ(mm_map(mm, &model), 0);
}

/* Set up memory, heap and the caches of mm; once, because caches are never removed. */
static inline void host_mm_start(void)
{
    if (host_heap_start())
        mm_init();
    console_clear();
}

/* What other processes do at each point until host_points_end(), and what a point returns. */
static void (*host_at_point)(void);
static int host_point_result;

static inline int host_pass(void)
{
    host_at_point();
    return host_point_result;
}

static inline void host_points_begin(void (*at_point)(void), int result)
{
    static const volatile bool due = true;

    host_at_point = at_point;
    host_point_result = result;
    mm_points = (struct point){&due, host_pass};
}

static inline void host_points_end(void)
{
    static const volatile bool never;

    mm_points = (struct point){&never, NULL};
}

/* Shrink all caches, as the kernel does before it compares the ledger. */
static inline void host_shrink(void)
{
    ledger_mark();
}

/* Check that all memory is free again. */
static inline void host_mm_check_all_back(void)
{
    host_shrink();
    CHECK_EQ(kmem_used_bytes(), 0);
    CHECK_EQ(page_free_count(), HOST_FRAMES - 1);
    CHECK(page_ok());
}

static struct page *hogged[HOST_FRAMES];
static size_t hogged_n;

/* Allocate memory until `frames` are free and no cache has any; and free it again. */
static inline void host_leave_frames(size_t frames)
{
    host_shrink();
    CHECK(page_free_count() >= frames);
    while (page_free_count() > frames)
        hogged[hogged_n++] = page_alloc(PAGE_OTHER);
}

static inline void host_give_frames(void)
{
    while (hogged_n != 0)
        page_drop(hogged[--hogged_n]);
}

int trace_pid(void)
{
    return 1;
}

#endif
