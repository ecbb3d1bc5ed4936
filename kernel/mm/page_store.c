/* SPDX-License-Identifier: MIT */
/*
 * page_store - pages in a red-black tree: a lookup does not depend on how large or sparse the object is.
 */
#include "mm/page_store.h"

#include <ucow/errno.h>

#include "mm/page.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "mm/vma.h"

static struct kmem_cache stored_cache;

void page_store_init(void)
{
    kmem_cache_init(&stored_cache, "stored page", sizeof(struct stored_page), sizeof(void *));
}

static struct stored_page *of_node(struct rb_node *node)
{
    return rb_entry(node, struct stored_page, node);
}

struct stored_page *page_store_find(const struct page_store *store, uintptr_t index)
{
    for (struct rb_node *node = store->root.node; node != NULL;) {
        struct stored_page *stored = of_node(node);
        if (stored->index == index)
            return stored;
        node = node->child[stored->index < index ? RB_RIGHT : RB_LEFT];
    }
    return NULL;
}

void page_store_fill(struct stored_page *stored, struct vm_object *object, struct page *page)
{
    stored->page = page;
    swap_adopt_stored(page, object, stored->index * PAGE_SIZE);
}

int page_store_new(struct page_store *store, struct vm_object *object, uintptr_t index, struct page *page,
                   struct page **held)
{
    struct rb_node **link = &store->root.node, *parent = NULL;
    struct stored_page *stored = kmem_cache_alloc(&stored_cache);
    if (stored == NULL) {
        page_drop(page);
        return -E_NO_MEM;
    }
    *stored = (struct stored_page){.index = index};
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[of_node(parent)->index < index ? RB_RIGHT : RB_LEFT];
    }
    rb_insert(&store->root, parent, link, &stored->node);
    page_store_fill(stored, object, page);
    page_hold(page);
    *held = page;
    return 0;
}

void page_store_remove(struct page_store *store, struct stored_page *stored)
{
    rb_erase(&store->root, &stored->node);
    if (stored->page != NULL)
        page_drop(stored->page);
    else
        swap_drop(stored->slot);
    kmem_cache_free(&stored_cache, stored);
}

void page_store_clear(struct page_store *store)
{
    while (store->root.node != NULL)
        page_store_remove(store, of_node(store->root.node));
}
