/* SPDX-License-Identifier: MIT */
/*
 * rmap - reverse mapping: from a page of user memory to the page-table entries that map it.
 *
 * All sharers map a page at the same address: children inherit contents with their addresses, and no
 * mapping can be moved. So a page remembers one address, and the lineage it was allocated in. A lineage
 * stands for one address space in the tree of forks; a program's image is the parent of all address
 * spaces that execute it, and shared memory belongs to the lineage that created it. The entries that
 * map a page are found by looking at its address in every address space of the lineage's subtree: a fork
 * allocates one object for this, and nothing for each page.
 *
 * A lineage outlives its address space while a page, a slot on the disk or an object refers to it, or
 * while it has two or more children. A dead lineage without references has at least two children, so there
 * are fewer of them than living ones.
 *
 * A kernel without swap has no lineages: every pointer to one is NULL.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <stdint.h>

#include "config.h"
#include "lib/list.h"
#include "mm/mm.h"
#include "mm/page.h"

struct lineage {
    struct lineage *parent;    /* NULL: a root */
    struct list_node children; /* by `sibling` */
    struct list_node sibling;
    struct mm *mm; /* NULL: not yet complete, already freed, or an image's lineage */
    uint32_t refs; /* the mm, objects, slots and pages that refer to it */
};

#if CONFIG_SWAP

/* Set up the cache of lineages. After kmalloc_init(). */
void rmap_init(void);

/* Make a lineage below `parent` (NULL: a root) with one reference and no address space. Returns 0;
 * -E_NO_MEM: *result is as before. */
int lineage_new(struct lineage *parent, struct lineage **result);

static inline struct lineage *lineage_hold(struct lineage *lineage)
{
    lineage->refs++;
    return lineage;
}

/* Free a lineage without references, unless it has two or more children. For lineage_drop(). */
void lineage_prune(struct lineage *lineage);

/* Inline: each page of user memory that is freed drops one. */
static inline void lineage_drop(struct lineage *lineage)
{
    ASSERT(lineage->refs > 0);
    if (--lineage->refs == 0)
        lineage_prune(lineage);
}

/* From now on walks look at the entries of `mm`; NULL: of none. */
static inline void lineage_set_mm(struct lineage *lineage, struct mm *mm)
{
    lineage->mm = mm;
}

/* How many address spaces all walks have looked at since boot. Wraps. Only for reading. */
extern uint32_t rmap_visits;

/* A walk over the entries that map a page. Nothing may be mapped, freed or forked meanwhile. The entry in a
 * page table that several address spaces share is found once. */
struct rmap_walk {
    const struct page *page;
    struct lineage *at; /* whose entry was found last */
    uint64_t number;    /* of this walk: a table that has it was visited */
    uint32_t left; /* so many entries may follow: with none, the walk ends, however many sharers there were */
    uint32_t visits_end; /* rmap_visits at which it ends */
};

/* The first and the next entry that maps the page; NULL if there are no more, or if the walk has looked at as
 * many address spaces as one may: the next walk then begins where this one ended. */
pte_t *rmap_first(struct rmap_walk *walk, const struct page *page);
pte_t *rmap_next(struct rmap_walk *walk);

/* How many entries map the page: fewer than its count while the kernel holds a reference, or if they are not
 * all found. */
size_t rmap_count(const struct page *page);

/* The same; 0 if not every address space that could have one was looked at, and for a page that is not to be
 * evicted. */
size_t rmap_count_all(const struct page *page);

/* Whether any entry that maps the page has its accessed bit set; clears the bits. */
bool rmap_test_clear_accessed(const struct page *page);

/* Replace every entry that maps the page by `entry`, which is not present, and drop the references they
 * owned; with the last one the page is freed. Flushes. Returns how many there were. */
size_t rmap_replace(struct page *page, pte_t entry);

#else

static inline int lineage_new(struct lineage *parent, struct lineage **result)
{
    (void)parent;
    *result = NULL;
    return 0;
}

static inline struct lineage *lineage_hold(struct lineage *lineage)
{
    return lineage;
}

static inline void lineage_drop(struct lineage *lineage)
{
    (void)lineage;
}

static inline void lineage_set_mm(struct lineage *lineage, struct mm *mm)
{
    (void)lineage, (void)mm;
}

static inline size_t rmap_count_all(const struct page *page)
{
    (void)page;
    return 0;
}

#endif

#endif
