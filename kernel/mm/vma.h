/* SPDX-License-Identifier: MIT */
/*
 * vma - the regions of an address space, as a set: sorted, disjoint, page-aligned.
 *
 * A region says which addresses are valid, with which rights, and where their initial bytes come from: from
 * an object (a program's image, or memory shared with children) or, without one, zeros. The set does not
 * know page tables. Adjacent regions with the same flags and object are merged.
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
    /* Get the page with number `index`, with a reference for the caller; all sharers get the same. Returns 1
     * if it was read from the disk, else 0; -E_NO_MEM; -E_SWAP_FAULT. */
    int (*page)(struct vm_object *object, uintptr_t index, struct page **page);
    /* Write the initial bytes of page `index` to `to`, a whole page. For private writable regions. */
    void (*fill)(struct vm_object *object, uintptr_t index, void *to);
    /* With swap: free page `index`, to which only the object has a reference, so that page() can get it back.
     * Returns false if it cannot be written to the disk. */
    bool (*evict)(struct vm_object *object, uintptr_t index);
    /* Free the object, whose count is 0. */
    void (*destroy)(struct vm_object *object);
};

/* The number of a page in its object is the address at which it is mapped, divided by PAGE_SIZE. */
struct vm_object {
    const struct vm_object_ops *ops;
    uint32_t count;
    struct lineage *lineage; /* with swap, a reference: only its descendants can map the object */
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
    struct vma *next;     /* by address; NULL in the last */
    uintptr_t start, end; /* [start, end) */
    uint32_t flags;       /* VM_* */
    struct vm_object *object;
};

struct vma_set {
    struct rb_root root;
    struct vma *first;  /* the lowest, or NULL */
    struct vma *recent; /* the region found last; NULL or in the set */
    struct {
        uintptr_t from, to;
        size_t bytes;
    } full; /* what vma_gap() found last: [from, to) has no gap of so many bytes */
    size_t n;
};

/* Set up the caches of this module. After kmalloc_init(). */
void vma_init(void);

/* The first region that ends after `va` (it may also begin after it), or NULL. */
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

static inline struct vma *vma_first(const struct vma_set *set)
{
    return set->first;
}

static inline struct vma *vma_next(const struct vma *vma)
{
    return vma->next;
}

/* Add a region like `model`. Takes over the caller's reference to its object, also on an error. Returns 0;
 * -E_INVAL if it overlaps another region; -E_NO_MEM, also if there are REGIONS_MAX. On an error nothing
 * changed. */
int vma_add(struct vma_set *set, const struct vma *model);

/* Remove [start, end) from the set: regions shrink, are split or removed. Returns 0; -E_NO_MEM: there is no
 * memory for the second region of a split, or there are REGIONS_MAX, and nothing changed. */
int vma_cut(struct vma_set *set, uintptr_t start, uintptr_t end);

/* Replace everything in the span of `model` by a region like it. Takes over the caller's reference to its
 * object, also on an error. Returns 0; -E_NO_MEM, also if there could be more than REGIONS_MAX: nothing
 * changed.
 */
int vma_replace(struct vma_set *set, const struct vma *model);

/* The start of the highest gap of `bytes` within [low, high); 0 if there is none. */
uintptr_t vma_gap(struct vma_set *set, size_t bytes, uintptr_t low, uintptr_t high);

/* Copy all regions of `from` to `to`, which is empty. Returns 0; -E_NO_MEM, or -E_KILLED if the caller was
 * killed at a point (point.h): `to` is empty again. */
int vma_copy_all(struct vma_set *to, const struct vma_set *from);

/* Remove every region. */
void vma_clear(struct vma_set *set);

/* Whether the set is sorted, disjoint and aligned, its list as its tree, and its count right. */
bool vma_ok(const struct vma_set *set);

#endif
