/*
 * shmem - a page store behind a vm_object.
 */
#include "mm/shmem.h"

#include <ucow/errno.h>

#include "mm/page.h"
#include "mm/page_store.h"
#include "mm/slab.h"
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

static int shmem_page(struct vm_object *object, uintptr_t index, struct page **result)
{
    struct shmem *shmem = container_of(object, struct shmem, object);
    struct page *page = page_store_find(&shmem->pages, index);
    if (page == NULL) {
        page = page_alloc_zero(PAGE_USER);
        if (page == NULL)
            return -E_NO_MEM;
        if (page_store_add(&shmem->pages, index, page) != 0) {
            page_drop(page);
            return -E_NO_MEM;
        }
    }
    page_hold(page);
    *result = page;
    return 0;
}

static void shmem_destroy(struct vm_object *object)
{
    struct shmem *shmem = container_of(object, struct shmem, object);
    page_store_clear(&shmem->pages);
    kmem_cache_free(&shmem_cache, shmem);
}

static const struct vm_object_ops shmem_ops = {.page = shmem_page, .destroy = shmem_destroy};

struct vm_object *shmem_new(void)
{
    struct shmem *shmem = kmem_cache_zalloc(&shmem_cache);
    if (shmem == NULL)
        return NULL;
    shmem->object = (struct vm_object){.ops = &shmem_ops, .count = 1};
    return &shmem->object;
}
