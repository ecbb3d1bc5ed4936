/* SPDX-License-Identifier: MIT */
/*
 * page_store - the pages that a region's object has so far, by number, in memory or on the disk.
 *
 * A stored page in memory owns one reference to its frame, one on the disk one to its slot. The references
 * are dropped when the page is removed.
 */
#ifndef MM_PAGE_STORE_H
#define MM_PAGE_STORE_H

#include <stdint.h>

#include "lib/rbtree.h"

struct page;
struct vm_object;

struct stored_page {
    struct rb_node node;
    uintptr_t index;
    struct page *page; /* NULL: on the disk */
    uint32_t slot;     /* 0: in memory */
};

struct page_store {
    struct rb_root root;
};

/* Set up the cache of stored pages. After kmalloc_init(). */
void page_store_init(void);

/* The page with this number, or NULL. */
struct stored_page *page_store_find(const struct page_store *store, uintptr_t index);

/* Store `page` of `object` under a number that is not in use. Takes over the caller's reference, and returns
 * the page in *held with another one. Returns 0; -E_NO_MEM: the page is dropped. */
int page_store_new(struct page_store *store, struct vm_object *object, uintptr_t index, struct page *page,
                   struct page **held);

/* Store `page` for an entry that was on the disk; takes over the caller's reference. */
void page_store_fill(struct stored_page *stored, struct vm_object *object, struct page *page);

/* Remove one page. */
void page_store_remove(struct page_store *store, struct stored_page *stored);

/* One of the stored pages, or NULL if there is none. */
static inline struct stored_page *page_store_any(const struct page_store *store)
{
    return store->root.node == NULL ? NULL : rb_entry(store->root.node, struct stored_page, node);
}

/* Remove every page. Other processes do not run meanwhile. */
void page_store_clear(struct page_store *store);

#endif
