/*
 * page_store - pages by number: what an object of a region has in memory so far.
 *
 * Each page in it owns one count, which the store gives up when it is cleared.
 */
#ifndef MM_PAGE_STORE_H
#define MM_PAGE_STORE_H

#include <stdint.h>

#include "lib/rbtree.h"

struct page;

struct page_store {
    struct rb_root root;
};

/* Set up the cache of nodes. After kmalloc_init(). */
void page_store_init(void);

/* The page with this number, or NULL. No count is taken. */
struct page *page_store_find(const struct page_store *store, uintptr_t index);

/* Put a page under a number that is free; takes over the caller's count. -E_NO_MEM: it does not. */
int page_store_add(struct page_store *store, uintptr_t index, struct page *page);

/* Drop every page. */
void page_store_clear(struct page_store *store);

#endif
