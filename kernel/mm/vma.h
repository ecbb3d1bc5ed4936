/*
 * vma - the regions of an address space, as a set: sorted, disjoint, page-aligned.
 *
 * A region says which addresses are valid, with which rights, and where their bytes come from: from
 * an object (a program's image, or memory shared with children) or, without one, zeros. The set
 * knows nothing of page tables. Neighbours that continue each other become one region.
 *
 * The caller holds the lock of the mm the set belongs to.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "lib/rbtree.h"

/* Rights of a region; the bits of mmap()'s PROT_*. */
#define VM_READ 1u
#define VM_WRITE 2u
#define VM_EXEC 4u
#define VM_SHARED 8u /* children share the pages instead of inheriting a copy */

struct page;
struct lineage;
struct vm_object;

/* Where the bytes of a region come from. */
struct vm_object_ops {
    /* The page with number `index`, held for the caller; shared by all who map it. 1 when it came from
     * the disk, else 0; -E_NO_MEM, -E_SWAP_FAULT. */
    int (*page)(struct vm_object *object, uintptr_t index, struct page **page);
    /* Write the initial bytes of that page to `to`, a whole page: for private writable regions. */
    void (*fill)(struct vm_object *object, uintptr_t index, void *to);
    /* With swap: only the object has the page any more. Drop it, so that it can be had again; false: no. */
    bool (*evict)(struct vm_object *object, uintptr_t index);
    /* The last count is gone. */
    void (*destroy)(struct vm_object *object);
};

/* The number of a page in its object is the number of the page of addresses it is mapped at. */
struct vm_object {
    const struct vm_object_ops *ops;
    uint32_t count;
    struct lineage *lineage; /* with swap, held: all who may map it descend from there */
};

static inline void vm_object_hold(struct vm_object *object)
{
    if (object != NULL)
        object->count++;
}

static inline void vm_object_drop(struct vm_object *object)
{
    if (object != NULL && --object->count == 0)
        object->ops->destroy(object);
}

struct vma {
    struct rb_node node;
    uintptr_t start, end; /* [start, end) */
    uint32_t flags;       /* VM_* */
    struct vm_object *object;
};

struct vma_set {
    struct rb_root root;
    struct vma *recent; /* where the last search ended; NULL or in the set */
    size_t n;
};

/* Set up the caches of this module. After kmalloc_init(). */
void vma_init(void);

/* The first region that ends behind `va` (it may also begin behind it), or NULL. */
struct vma *vma_find(struct vma_set *set, uintptr_t va);

/* The last region that begins before `va`, or NULL. */
struct vma *vma_before(const struct vma_set *set, uintptr_t va);

/* The region that contains `va`, or NULL. */
static inline struct vma *vma_at(struct vma_set *set, uintptr_t va)
{
    struct vma *vma = set->recent;
    if (vma != NULL && va - vma->start < vma->end - vma->start)
        return vma;
    vma = vma_find(set, va);
    return vma != NULL && vma->start <= va ? vma : NULL;
}

struct vma *vma_first(const struct vma_set *set);
struct vma *vma_next(const struct vma *vma);

/* Add a region like `model`, which must overlap none; takes over the caller's count of its object
 * also when it fails. -E_INVAL: it overlaps; -E_NO_MEM: nothing changed. */
int vma_add(struct vma_set *set, const struct vma *model);

/* Take [start, end) out of the set: regions shrink, split or vanish. -E_NO_MEM: a split needs a
 * region more and there is no memory; nothing changed. */
int vma_cut(struct vma_set *set, uintptr_t start, uintptr_t end);

/* Both: a region like `model` in place of all that is in its span. Takes over the caller's count of its
 * object also when it fails. -E_NO_MEM: nothing changed. */
int vma_replace(struct vma_set *set, const struct vma *model);

/* The highest gap of `bytes` within [low, high), its start; 0 when there is none. */
uintptr_t vma_gap(const struct vma_set *set, size_t bytes, uintptr_t low, uintptr_t high);

/* Make `to`, empty, a copy of `from`. -E_NO_MEM: `to` is empty again. */
int vma_copy_all(struct vma_set *to, const struct vma_set *from);

/* Remove every region. */
void vma_clear(struct vma_set *set);

/* Whether the set is sorted, disjoint, aligned and counted right. */
bool vma_ok(const struct vma_set *set);

#endif
