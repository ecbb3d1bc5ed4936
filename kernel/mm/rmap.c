/* SPDX-License-Identifier: MIT */
/*
 * rmap - the tree of lineages, and walks over it without recursion: the kernel's stack is small.
 */
#include "mm/rmap.h"

#include <ucow/errno.h>

#include "mm/slab.h"

/* A walk looks at so many address spaces at most, because no process runs meanwhile. A page whose entries are
 * not all found stays in memory. Each entry is in a page table of its own: so the pages that have too many
 * entries take no more memory than the tables that map them. */
#define WALK_MAX 1000

static struct kmem_cache lineage_cache;
uint32_t rmap_visits;

void rmap_init(void)
{
    kmem_cache_init(&lineage_cache, "lineage", sizeof(struct lineage), sizeof(void *));
}

static struct lineage *of_sibling(struct list_node *node)
{
    return list_entry(node, struct lineage, sibling);
}

int lineage_new(struct lineage *parent, struct lineage **result)
{
    struct lineage *lineage = kmem_cache_alloc(&lineage_cache);
    if (lineage == NULL)
        return -E_NO_MEM;
    *lineage = (struct lineage){.parent = parent, .refs = 1};
    list_init(&lineage->children);
    list_init(&lineage->sibling);
    if (parent != NULL)
        list_add_tail(&parent->children, &lineage->sibling);
    *result = lineage;
    return 0;
}

/* Make the only child of `lineage` a child of its parent. */
static void replace_by_child(struct lineage *lineage)
{
    struct lineage *child = of_sibling(list_first(&lineage->children));
    list_del(&child->sibling);
    child->parent = lineage->parent;
    list_init(&child->sibling);
    if (child->parent != NULL)
        list_add_tail(&child->parent->children, &child->sibling);
}

/* Its parent may then have one child less, and be freed too. */
void lineage_prune(struct lineage *lineage)
{
    while (lineage != NULL && lineage->refs == 0) {
        struct lineage *parent = lineage->parent;
        if (list_first(&lineage->children) != list_last(&lineage->children))
            return;
        if (!list_empty(&lineage->children))
            replace_by_child(lineage);
        if (parent != NULL)
            list_del(&lineage->sibling);
        kmem_cache_free(&lineage_cache, lineage);
        lineage = parent;
    }
}

/* The lineage that follows `at` in the subtree of `root`, parents first; NULL if `at` is the last. */
static struct lineage *next_in_subtree(const struct lineage *root, struct lineage *at)
{
    if (!list_empty(&at->children))
        return of_sibling(list_first(&at->children));
    for (; at != root; at = at->parent)
        if (at->sibling.next != &at->parent->children)
            return of_sibling(at->sibling.next);
    return NULL;
}

/* Whether the walk has visited this table before, as that of another address space. */
static bool visited(const struct rmap_walk *walk, struct page *table)
{
    if (table->count == 1)
        return false;
    bool before = table->table_walk == walk->number;
    table->table_walk = walk->number;
    return before;
}

/* The entry that maps the page in the address space that the walk is at, or NULL. */
static pte_t *entry_at(const struct rmap_walk *walk)
{
    const struct page *page = walk->page;
    if (walk->at->mm == NULL)
        return NULL;
    pte_t *pte = pte_find(walk->at->mm->pgdir, page->va);
    if (pte == NULL || !pte_present(*pte) || pte_frame(*pte) != page_to_phys(page))
        return NULL;
    return visited(walk, pgtable_of(pte)) ? NULL : pte;
}

/* The most entries that can map the page: an object that has it holds a reference, too. */
static uint32_t most_entries(const struct page *page)
{
    return page->count - (page->owner != PAGE_USER);
}

/* Let the next walk from `root` come to `at` before the siblings that this one has visited. */
static void begin_with(struct lineage *at, const struct lineage *root)
{
    for (; at != root; at = at->parent) {
        list_del(&at->parent->children);
        list_insert_before(&at->sibling, &at->parent->children); /* a ring: `at` is the first */
    }
}

/* The entry at which the walk is, if it maps the page; otherwise the next one. */
static pte_t *find_entry(struct rmap_walk *walk)
{
    const struct lineage *root = walk->page->lineage;
    for (; walk->left > 0 && walk->at != NULL; walk->at = next_in_subtree(root, walk->at)) {
        if (rmap_visits == walk->visits_end) {
            begin_with(walk->at, root);
            walk->left = 0;
            break;
        }
        rmap_visits++;
        pte_t *pte = entry_at(walk);
        if (pte != NULL) {
            walk->left--;
            return pte;
        }
    }
    return NULL;
}

pte_t *rmap_first(struct rmap_walk *walk, const struct page *page)
{
    static uint64_t walks;
    uint32_t most = most_entries(page);
    *walk =
        (struct rmap_walk){page, page->lineage, ++walks, most > WALK_MAX ? 0 : most, rmap_visits + WALK_MAX};
    return find_entry(walk);
}

pte_t *rmap_next(struct rmap_walk *walk)
{
    if (walk->left == 0)
        return NULL;
    walk->at = next_in_subtree(walk->page->lineage, walk->at);
    return find_entry(walk);
}

size_t rmap_count(const struct page *page)
{
    struct rmap_walk walk;
    size_t n = 0;
    for (pte_t *pte = rmap_first(&walk, page); pte != NULL; pte = rmap_next(&walk))
        n++;
    return n;
}

size_t rmap_count_all(const struct page *page)
{
    uint32_t before = rmap_visits;
    size_t n = rmap_count(page);
    return rmap_visits - before < WALK_MAX ? n : 0;
}

/* The address space that is loaded may be another one than that of the walk, and share its table: so the
 * functions below flush in every case. */
bool rmap_test_clear_accessed(const struct page *page)
{
    struct rmap_walk walk;
    bool accessed = false;
    for (pte_t *pte = rmap_first(&walk, page); pte != NULL; pte = rmap_next(&walk)) {
        if (!(*pte & PTE_A))
            continue;
        accessed = true;
        *pte &= ~PTE_A;
        mmu_flush_page(page->va); /* or the CPU would not set it again */
    }
    return accessed;
}

size_t rmap_replace(struct page *page, pte_t entry)
{
    struct rmap_walk walk;
    size_t n = 0;
    pte_t *pte = rmap_first(&walk, page);
    page_hold(page); /* while the walk needs it */
    for (; pte != NULL; pte = rmap_next(&walk), n++) {
        if (entry == 0)
            pgtable_remove(pte);
        else
            *pte = entry;
        mmu_flush_page(page->va);
        page_drop(page);
    }
    page_drop(page);
    return n;
}
