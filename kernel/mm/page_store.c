/*
 * page_store - a red-black tree: lookup does not depend on how large or sparse the object is.
 */
#include "mm/page_store.h"

#include <ucow/errno.h>

#include "mm/page.h"
#include "mm/slab.h"

struct stored {
    struct rb_node node;
    uintptr_t index;
    struct page *page;
};

static struct kmem_cache stored_cache;

void page_store_init(void)
{
    kmem_cache_init(&stored_cache, "stored page", sizeof(struct stored), sizeof(void *));
}

static struct stored *of_node(struct rb_node *node)
{
    return rb_entry(node, struct stored, node);
}

struct page *page_store_find(const struct page_store *store, uintptr_t index)
{
    for (struct rb_node *node = store->root.node; node != NULL;) {
        struct stored *stored = of_node(node);
        if (stored->index == index)
            return stored->page;
        node = node->child[stored->index < index ? RB_RIGHT : RB_LEFT];
    }
    return NULL;
}

int page_store_add(struct page_store *store, uintptr_t index, struct page *page)
{
    struct rb_node **link = &store->root.node, *parent = NULL;
    struct stored *stored = kmem_cache_alloc(&stored_cache);
    if (stored == NULL)
        return -E_NO_MEM;
    *stored = (struct stored){.index = index, .page = page};
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[of_node(parent)->index < index ? RB_RIGHT : RB_LEFT];
    }
    rb_insert(&store->root, parent, link, &stored->node);
    return 0;
}

void page_store_clear(struct page_store *store)
{
    while (store->root.node != NULL) {
        struct stored *stored = of_node(store->root.node);
        rb_erase(&store->root, &stored->node);
        page_drop(stored->page);
        kmem_cache_free(&stored_cache, stored);
    }
}
