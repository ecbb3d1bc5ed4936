/*
 * rmap - from a page of user memory back to the entries that map it.
 *
 * A page is mapped at the same address by all who have it: children inherit addresses with
 * contents, and nobody can move a mapping. So a page remembers one address, and the lineage it was born
 * in. A lineage stands for one address space in the tree of forks; a program's image is the
 * parent of all address spaces that execute it, and memory shared on purpose belongs to the lineage that
 * asked for it. Who maps a page is found by looking at its address in every address space of the lineage's
 * subtree: fork pays one object for this, and nothing for a page.
 *
 * A lineage outlives its address space as long as a page, a slot on the disk or an object names it,
 * or two or more children are below it; what remains of the dead is fewer than what lives.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <stdint.h>

#include "lib/list.h"
#include "mm/mm.h"
#include "mm/page.h"

struct lineage {
    struct lineage *parent;    /* NULL: a root */
    struct list_node children; /* by `sibling` */
    struct list_node sibling;
    struct mm *mm; /* NULL: not yet complete, gone, or never there */
    uint32_t refs; /* the mm, objects, slots and pages that name it */
};

/* Set up the cache of lineages. After kmalloc_init(). */
void rmap_init(void);

/* A lineage below `parent` (NULL: a root) with one reference and no address space; NULL: no memory. */
struct lineage *lineage_new(struct lineage *parent);

static inline struct lineage *lineage_hold(struct lineage *lineage)
{
    lineage->refs++;
    return lineage;
}

void lineage_drop(struct lineage *lineage);

/* A walk over the entries that map a page. Nothing may be mapped, freed or forked meanwhile. */
struct rmap_walk {
    const struct page *page;
    struct lineage *at; /* whose entry was found last */
};

/* The first and the next entry that maps the page; NULL: there are no more. */
pte_t *rmap_first(struct rmap_walk *walk, const struct page *page);
pte_t *rmap_next(struct rmap_walk *walk);

/* How many entries map the page: fewer than its count while the kernel holds it. */
size_t rmap_count(const struct page *page);

/* Whether any of those who map the page has used it since this was asked last. */
bool rmap_test_clear_accessed(const struct page *page);

/* Put `entry`, which is not present, in the place of every entry that maps the page, and drop the
 * counts they own; with the last one the page goes. Flushes. Returns how many there were. */
size_t rmap_replace(struct page *page, pte_t entry);

#endif
