/* SPDX-License-Identifier: MIT */
/*
 * cow - the rules of the entries that map user memory, in checking builds.
 *
 *   user      every entry has PTE_U
 *   sharing   a writable entry of a private region maps a frame with one reference
 *   rights    an entry of a region that permits no writes is read-only
 *   counts    a frame has a reference for each entry that maps it, and in the rehearsal, with swap, no other
 *   fork      each page of the parent is in the child too: the same frame, or one with the same bytes
 *   tables    the copy of a shared page table has the same pages, and neither side may write to one
 *   flush     after a fork took write permission away, the TLB was flushed
 *   copy      a copy has the bytes of its page, which has one reference less and is otherwise unchanged
 *   progress  the same access does not fault three times while its entry stays the same
 *
 * mm/mm_check.c calls these after each fork, exec and page fault, and before an address space is freed;
 * mm/tables_shared.c when it has copied a table. They look at COW_WINDOW pages at both ends of each region or
 * table, so the cost of a fork of much memory hardly grows.
 */
#ifndef CHECK_COW_H
#define CHECK_COW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/mmu.h"
#include "config.h"
#include "lib/util.h"

#define COW_WINDOW 4

/* A process, as reports name it. */
struct cow_who {
    int pid;
    const char *name;
};

/* A region of user memory. */
struct cow_region {
    uintptr_t start, end;
    bool shared, writable;
    const void *mm, *vma; /* for cow_ask.what */
};

/* What the checks ask the memory subsystem and the processes. */
struct cow_ask {
    /* The number of entries that map the frame, or that name the slot with the same bytes. */
    uint32_t (*sharers)(paddr_t frame);
    /* How many of these a search finds; 0: it may not find all. Its cost grows with the number of sharers. */
    uint32_t (*found)(paddr_t frame);
    /* What a region is: "the stack". */
    const char *(*what)(const struct cow_region *region);
    /* The running process, and another that maps the frame at `va` (pid 0: none). */
    void (*who)(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other);
};

/* A fork: the address spaces and processes of both sides. */
struct cow_fork {
    struct pgdir *from, *to;
    struct cow_who parent, child;
    bool threads; /* other processes use the parent's address space too, and may have written to it */
};

/* A page fault, and what it finds: its entry and, if that is present, the page. */
struct cow_fault {
    const struct pgdir *pgdir;
    uintptr_t va;
    bool write;
    pte_t before;
    uint32_t count, slot;
    uint32_t sample[2]; /* words of a shared page */
};

extern uintptr_t cow_site;        /* the code that made the last entries */
extern uint32_t cow_flushes_then; /* mmu_flushes at that time */

/* So many entries more are counted one by one. */
extern unsigned cow_countable;
#define COW_COUNTABLE 1000

/* The rehearsal begins: count entries, which takes too long where many processes share pages. */
static inline void check_count_entries(void)
{
    if (CONFIG_DEBUG_CHECKS)
        cow_countable = COW_COUNTABLE;
}

/* The caller has made an entry, or is about to make some. Reports name this line. */
SITE_OF_CALLER void check_entry_made(void)
{
    if (CONFIG_DEBUG_CHECKS)
        cpu_store_here(&cow_site);
}

/* The caller has taken write permission away from entries. */
static inline void check_entries_restricted(void)
{
    if (CONFIG_DEBUG_CHECKS)
        cow_flushes_then = mmu_flushes;
}

/* Entries are about to be made by the function at `code`. */
static inline void cow_begin(uintptr_t code)
{
    cow_site = code;
    cow_flushes_then = mmu_flushes;
}

/* Set what to ask; each function once, at boot. */
void cow_set_mm(uint32_t (*sharers)(paddr_t frame), uint32_t (*found)(paddr_t frame),
                const char *(*what)(const struct cow_region *region));
void cow_set_who(void (*who)(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other));

/* Check the entries of a region. */
void cow_check_region(const struct cow_region *region, struct pgdir *pgdir);

/* `n` entries of a shared page table, from that of `va` on, have been copied: check both. */
void cow_check_table_copy(uintptr_t va, const pte_t *from, const pte_t *to, size_t n);

static inline void check_table_copied(uintptr_t va, const pte_t *from, const pte_t *to, size_t n)
{
    if (CONFIG_DEBUG_CHECKS)
        cow_check_table_copy(va, from, to, n);
}

/* Check the entries of a region after a fork, on both sides. */
void cow_check_fork(const struct cow_region *region, const struct cow_fork *fork);

/* Whether the TLB was flushed since entries lost write permission. */
static inline bool cow_flushed(void)
{
    return mmu_flushes != cow_flushes_then;
}

/* Check, right after a fork gave its pages, that nothing is left in the TLB: before any other process runs.
 */
void cow_check_flushed(const struct cow_fork *fork, size_t parent_pages);

/* A fork has changed the parent's page at `va`, the top page of the stack: report it. */
_Noreturn void cow_overwritten(uintptr_t va);

/* Check, at the end of a fork, that both sides have as many pages. */
void cow_check_fork_done(const struct cow_fork *fork, size_t parent_pages, size_t child_pages);

/* The two words of a page that are compared: the first string of a program's arguments, and the middle. Free
 * frames are filled with a pattern, so that a copy that was not made differs. */
static inline const uint32_t *cow_sample(pte_t pte, size_t i)
{
    const uint32_t *page = phys_to_virt(pte_frame(pte));
    return &page[i == 0 ? PAGE_SIZE / 4 - 4 : PAGE_SIZE / 8];
}

/* A fault at a shared page is about to be served: keep some words of the page. */
static inline void cow_fault_sample(struct cow_fault *fault)
{
    fault->sample[0] = *cow_sample(fault->before, 0);
    fault->sample[1] = *cow_sample(fault->before, 1);
}

/* Whether a page has these words. */
static inline bool cow_fault_is_sample(const struct cow_fault *fault, pte_t pte)
{
    return fault->sample[0] == *cow_sample(pte, 0) && fault->sample[1] == *cow_sample(pte, 1);
}

/* A fault was served, and the access will be retried; `pte` is its entry now; `copied`: the page was copied.
 */
void cow_fault_check(const struct cow_fault *fault, const struct cow_region *region, const pte_t *pte,
                     bool copied);

/* For check_cow_report(). */
bool cow_report(void);

/* The run ends: report pages that were copied for nothing. Returns whether there were none. */
static inline bool check_cow_report(void)
{
    return !CONFIG_DEBUG_CHECKS || cow_report();
}

/* Have reports name processes. */
static inline void check_set_who(void (*who)(paddr_t frame, uintptr_t va, struct cow_who *running,
                                             struct cow_who *other))
{
    if (CONFIG_DEBUG_CHECKS)
        cow_set_who(who);
}

#endif
