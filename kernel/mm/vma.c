/* SPDX-License-Identifier: MIT */
/*
 * vma - the regions of an address space in a red-black tree, by address, and in a list in the same order,
 * which is quicker to walk.
 */
#include "mm/vma.h"

#include <ucow/abi.h>
#include <ucow/errno.h>

#include "mm/point.h"
#include "mm/slab.h"
#include "watch/assert.h"

/* Checking builds check the whole set after each change, up to this many regions: beyond, the cost of many
 * changes would be quadratic. */
#define CHECKED_MAX 64

static struct kmem_cache vma_cache;

void vma_init(void)
{
    kmem_cache_init(&vma_cache, "vma", sizeof(struct vma), sizeof(void *));
}

static struct vma *of_node(struct rb_node *node)
{
    return node == NULL ? NULL : rb_entry(node, struct vma, node);
}

struct vma *vma_find(struct vma_set *set, uintptr_t va)
{
    struct vma *best = NULL;
    for (struct rb_node *node = set->root.node; node != NULL;) {
        struct vma *vma = of_node(node);
        bool ends_after = va < vma->end;
        if (ends_after)
            best = vma;
        node = node->child[ends_after ? RB_LEFT : RB_RIGHT];
    }
    if (best != NULL)
        set->recent = best;
    return best;
}

struct vma *vma_before(const struct vma_set *set, uintptr_t va)
{
    struct vma *best = NULL;
    for (struct rb_node *node = set->root.node; node != NULL;) {
        struct vma *vma = of_node(node);
        bool begins_before = vma->start < va;
        if (begins_before)
            best = vma;
        node = node->child[begins_before ? RB_RIGHT : RB_LEFT];
    }
    return best;
}

/* The field that links the region after `prev` into the list; NULL: the first region. */
static struct vma **link_after(struct vma_set *set, struct vma *prev)
{
    return prev == NULL ? &set->first : &prev->next;
}

/* Where a region belongs: its place in the tree, and the region before it. */
struct place {
    struct rb_node *parent, **link;
    struct vma *prev;
};

static struct place place_at(struct vma_set *set, uintptr_t start)
{
    struct place place = {.link = &set->root.node};
    while (*place.link != NULL) {
        place.parent = *place.link;
        bool follows = of_node(place.parent)->start <= start;
        if (follows)
            place.prev = of_node(place.parent);
        place.link = &place.parent->child[follows ? RB_RIGHT : RB_LEFT];
    }
    return place;
}

static void link_vma(struct vma_set *set, const struct place *place, struct vma *vma)
{
    rb_insert(&set->root, place->parent, place->link, &vma->node);
    struct vma **next = link_after(set, place->prev);
    vma->next = *next;
    *next = vma;
    set->n++;
}

/* Remove a region and drop its reference to the object. */
static void remove_vma(struct vma_set *set, struct vma *vma)
{
    *link_after(set, of_node(rb_prev(&vma->node))) = vma->next;
    rb_erase(&set->root, &vma->node);
    set->n--;
    set->recent = NULL;
    vm_object_drop(vma->object);
    kmem_cache_free(&vma_cache, vma);
}

/* Whether `right` begins where `left` ends, with the same flags and object. */
static bool continues(const struct vma *left, const struct vma *right)
{
    return left->end == right->start && left->flags == right->flags && left->object == right->object;
}

static void merge_with_neighbours(struct vma_set *set, struct vma *prev, struct vma *vma)
{
    struct vma *next = vma_next(vma);
    if (next != NULL && continues(vma, next)) {
        vma->end = next->end;
        remove_vma(set, next);
    }
    if (prev != NULL && continues(prev, vma)) {
        prev->end = vma->end;
        remove_vma(set, vma);
    }
}

/* Insert `vma` with the fields of `model`, where no region is. */
static void insert(struct vma_set *set, const struct place *place, struct vma *vma, const struct vma *model)
{
    *vma = *model;
    link_vma(set, place, vma);
    merge_with_neighbours(set, place->prev, vma);
    ASSERT(set->n > CHECKED_MAX || vma_ok(set));
}

int vma_add(struct vma_set *set, const struct vma *model)
{
    ASSERT(model->start < model->end && (model->start | model->end) % PAGE_SIZE == 0);
    int error = -E_INVAL;
    const struct place place = place_at(set, model->start);
    const struct vma *before = place.prev, *after = *link_after(set, place.prev);
    if ((before != NULL && before->end > model->start) || (after != NULL && after->start < model->end))
        goto fail;
    error = -E_NO_MEM;
    struct vma *vma = set->n < REGIONS_MAX ? kmem_cache_alloc(&vma_cache) : NULL;
    if (vma == NULL)
        goto fail;
    insert(set, &place, vma, model);
    return 0;
fail:
    vm_object_drop(model->object);
    return error;
}

/* Remove [start, end) from the middle of a region. */
static int split_vma(struct vma_set *set, struct vma *vma, uintptr_t start, uintptr_t end)
{
    struct vma *upper = set->n < REGIONS_MAX ? kmem_cache_alloc(&vma_cache) : NULL;
    if (upper == NULL)
        return -E_NO_MEM;
    *upper = *vma;
    upper->start = end;
    vm_object_hold(upper->object);
    vma->end = start;
    const struct place place = place_at(set, end);
    link_vma(set, &place, upper);
    return 0;
}

int vma_cut(struct vma_set *set, uintptr_t start, uintptr_t end)
{
    if (end > set->full.from)
        set->full.to = 0; /* there may be a gap now */
    for (struct vma *vma = vma_find(set, start), *next; vma != NULL && vma->start < end; vma = next) {
        next = vma_next(vma);
        if (vma->start < start && vma->end > end)
            return split_vma(set, vma, start,
                             end); /* it is the only region concerned, so nothing has changed yet */
        if (vma->start >= start && vma->end <= end) {
            remove_vma(set, vma);
        } else if (vma->start < start) {
            vma->end = start;
        } else {
            vma->start = end;
        }
        mm_point(NULL);
    }
    ASSERT(set->n > CHECKED_MAX || vma_ok(set));
    return 0;
}

int vma_replace(struct vma_set *set, const struct vma *model)
{
    bool room = set->n + 2 <= REGIONS_MAX; /* it may split a region, and then adds one */
    struct vma *vma = room ? kmem_cache_alloc(&vma_cache) : NULL;
    int error = vma == NULL ? -E_NO_MEM : vma_cut(set, model->start, model->end);
    if (error == 0) {
        const struct place place = place_at(set, model->start);
        insert(set, &place, vma, model);
        return 0;
    }
    if (vma != NULL)
        kmem_cache_free(&vma_cache, vma);
    vm_object_drop(model->object);
    return error;
}

/* Many mappings are made one below the other: the search goes on where the last one ended, if it had the same
 * upper end and did not look for more. */
uintptr_t vma_gap(struct vma_set *set, size_t bytes, uintptr_t low, uintptr_t high)
{
    bool go_on = set->full.to == high && set->full.bytes <= bytes;
    uintptr_t top = go_on ? set->full.from : high; /* no gap is large enough between here and `high` */
    uintptr_t found = 0;
    for (struct vma *vma = vma_before(set, top); top > low; vma = of_node(rb_prev(&vma->node))) {
        uintptr_t bottom = vma != NULL && vma->end > low ? vma->end : low;
        if (bottom < top && top - bottom >= bytes) {
            found = top - bytes;
            break;
        }
        if (vma == NULL || vma->end <= low)
            break; /* the gap is larger, but not for this search */
        top = vma->start;
        mm_point(NULL);
    }
    set->full.from = top;
    set->full.to = high;
    set->full.bytes = bytes;
    return found;
}

int vma_copy_all(struct vma_set *to, const struct vma_set *from)
{
    struct vma *last = NULL; /* each region comes after all others: the right child of the last */
    for (struct vma *vma = vma_first(from); vma != NULL; vma = vma_next(vma)) {
        struct vma *copy = kmem_cache_alloc(&vma_cache);
        if (copy == NULL) {
            vma_clear(to);
            return -E_NO_MEM;
        }
        *copy = *vma;
        vm_object_hold(copy->object);
        copy->next = NULL;
        *link_after(to, last) = copy;
        struct rb_node *parent = last == NULL ? NULL : &last->node;
        rb_insert(&to->root, parent, parent == NULL ? &to->root.node : &parent->child[RB_RIGHT], &copy->node);
        to->n++;
        last = copy;
        int error = mm_point(NULL);
        if (error != 0) {
            vma_clear(to);
            return error;
        }
    }
    return 0;
}

void vma_clear(struct vma_set *set)
{
    set->recent = NULL;
    set->full.to = 0;
    set->n = 0;
    set->root.node = NULL;
    for (unsigned n = 1; set->first != NULL; n++) {
        struct vma *vma = set->first;
        set->first = vma->next;
        vm_object_drop(vma->object);
        kmem_cache_free(&vma_cache, vma);
        mm_point_of_regions(n);
    }
}

bool vma_ok(const struct vma_set *set)
{
    size_t n = 0;
    uintptr_t last_end = 0;
    const struct vma *vma = vma_first(set);
    rb_for_each (node, &set->root) {
        if (vma != of_node(node))
            return false;
        if (vma->start >= vma->end || vma->start < last_end || (vma->start | vma->end) % PAGE_SIZE != 0)
            return false;
        last_end = vma->end;
        vma = vma_next(vma);
        n++;
    }
    return vma == NULL && n == set->n;
}
