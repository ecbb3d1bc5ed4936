/* SPDX-License-Identifier: MIT */
/*
 * shmem - a vm_object with a page store; with swap, evicted pages are in slots that the store names.
 */
#include "mm/shmem.h"

#include <ucow/errno.h>

#include "mm/page.h"
#include "mm/page_store.h"
#include "mm/point.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "mm/vma.h"

struct shmem {
    struct vm_object object;
    struct page_store pages;
};

static struct kmem_cache shmem_cache;

void shmem_init(void)
{
    kmem_cache_init(&shmem_cache, "shmem", sizeof(struct shmem), sizeof(void *));
}

/* Read a stored page back from the disk. */
static int fetch(struct shmem *shmem, struct stored_page *stored)
{
    struct page *page;
    int error = swap_in_own(stored->slot, PAGE_SHARED, &page);
    if (error != 0)
        return error;
    stored->slot = 0;
    page_store_fill(stored, &shmem->object, page);
    return 0;
}

static int shmem_page(struct vm_object *object, uintptr_t index, struct page **result)
{
    struct shmem *shmem = container_of(object, struct shmem, object);
    struct stored_page *stored = page_store_find(&shmem->pages, index);
    if (stored == NULL) {
        struct page *page = page_alloc_zero(PAGE_SHARED);
        return page == NULL ? -E_NO_MEM : page_store_new(&shmem->pages, object, index, page, result);
    }
    bool on_disk = stored->page == NULL;
    int error = on_disk ? fetch(shmem, stored) : 0;
    if (error != 0)
        return error;
    page_hold(stored->page);
    *result = stored->page;
    return on_disk;
}

static bool shmem_evict(struct vm_object *object, uintptr_t index)
{
    struct shmem *shmem = container_of(object, struct shmem, object);
    struct stored_page *stored = page_store_find(&shmem->pages, index);
    stored->slot = swap_out(stored->page);
    if (stored->slot == 0)
        return false;
    page_drop(stored->page);
    stored->page = NULL;
    return true;
}

static void shmem_destroy(struct vm_object *object)
{
    struct shmem *shmem = container_of(object, struct shmem, object);
    for (struct stored_page *stored; (stored = page_store_any(&shmem->pages)) != NULL;) {
        page_store_remove(&shmem->pages, stored);
        mm_point(NULL); /* others may evict pages of this object until the last one is gone */
    }
    lineage_drop(object->lineage);
    kmem_cache_free(&shmem_cache, shmem);
}

static const struct vm_object_ops shmem_ops = {
    .page = shmem_page, .evict = shmem_evict, .destroy = shmem_destroy};

struct vm_object *shmem_new(struct lineage *lineage)
{
    struct shmem *shmem = kmem_cache_zalloc(&shmem_cache);
    if (shmem == NULL)
        return NULL;
    shmem->object = (struct vm_object){.ops = &shmem_ops, .count = 1, .lineage = lineage_hold(lineage)};
    return &shmem->object;
}
