/*
 * page_store - pages by number: what an object of a region has so far, in memory or on the disk.
 *
 * A stored page in memory owns one count of its frame, one on the disk one count of its slot. The
 * store gives them up when it is cleared.
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
    uint32_t slot;     /* there; otherwise 0 */
};

struct page_store {
    struct rb_root root;
};

/* Set up the cache of stored pages. After kmalloc_init(). */
void page_store_init(void);

/* The page with this number, or NULL. */
struct stored_page *page_store_find(const struct page_store *store, uintptr_t index);

/* Store `page` of `object` under a number that is free; takes over the caller's count, and hands the page
 * out in *held with one more. -E_NO_MEM: the page is dropped. */
int page_store_new(struct page_store *store, struct vm_object *object, uintptr_t index, struct page *page,
                   struct page **held);

/* Put `page` in the place of one that was on the disk; takes over the caller's count. */
void page_store_fill(struct stored_page *stored, struct vm_object *object, struct page *page);

/* Forget one page. */
void page_store_remove(struct page_store *store, struct stored_page *stored);

/* Forget every page. */
void page_store_clear(struct page_store *store);

#endif
