/* SPDX-License-Identifier: MIT */
/*
 * mmap - changes what is mapped in an address space: mmap, munmap, brk and pageout.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/shmem.h"
#include "mm/swap.h"
#include "watch/assert.h"
#include "watch/trace.h"

/* mmap() without an address uses the space below the stack and its guard page. It begins below the page table
 * of the stack, which a child writes to at once: what is in that table is copied by every fork. */
#define MMAP_TOP (USER_STACK_BASE - PAGE_SIZE)
#define MMAP_FIRST_TOP ALIGN_DOWN(MMAP_TOP, MMU_TABLE_SPAN)

int mm_map(struct mm *mm, const struct vma *model)
{
    if (model->start < USERBASE || model->end > USERTOP || model->start >= model->end) {
        vm_object_drop(model->object);
        return -E_INVAL;
    }
    return vma_add(&mm->vmas, model);
}

/* A range of pages that is unmapped. The page tables of [first, last), which may be empty, translate no page
 * of a region outside the range: they go with it. */
struct cut {
    uintptr_t start, end;
    uintptr_t first, last;
};

/* The cut of [start, end), which is page-aligned and in user space. */
static struct cut cut_of(struct mm *mm, uintptr_t start, uintptr_t end)
{
    struct vma *before = vma_before(&mm->vmas, start), *after = vma_find(&mm->vmas, end);
    uintptr_t low = before != NULL ? ALIGN_UP(MIN(before->end, start), MMU_TABLE_SPAN) : 0;
    uintptr_t high = after != NULL ? ALIGN_DOWN(MAX(after->start, end), MMU_TABLE_SPAN) : USERTOP;
    uintptr_t first = MAX(low, ALIGN_DOWN(start, MMU_TABLE_SPAN));
    uintptr_t last = MIN(high, ALIGN_UP(end, MMU_TABLE_SPAN));
    return first < last ? (struct cut){start, end, first, last} : (struct cut){start, end, 0, 0};
}

/* Make the page tables that remain, but lose entries, the address space's own. Returns 0; -E_NO_MEM. */
static int own_tables(struct mm *mm, const struct cut *cut)
{
    const uintptr_t ends[] = {cut->start, cut->end - PAGE_SIZE};
    int error = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ends) && error >= 0; i++)
        if (ends[i] < cut->first || ends[i] >= cut->last)
            error = pgtable_own(mm->pgdir, ends[i]);
    return MIN(error, 0);
}

/* Drop the pages of the cut, whose regions are gone, and the page tables that go with them. */
static void drop_pages(struct mm *mm, const struct cut *cut)
{
    pgtable_clear(mm->pgdir, cut->start, MIN(cut->first, cut->end));
    pgtable_drop(mm->pgdir, cut->first, cut->last);
    pgtable_clear(mm->pgdir, MAX(cut->last, cut->start), cut->end);
}

/* Unmap [start, end), which is page-aligned and in user space. */
static int unmap(struct mm *mm, uintptr_t start, uintptr_t end)
{
    const struct cut cut = cut_of(mm, start, end);
    int error = own_tables(mm, &cut);
    if (error == 0)
        error = vma_cut(&mm->vmas, start, end);
    if (error != 0)
        return error;
    drop_pages(mm, &cut);
    TRACE(unmap, start, end);
    return 0;
}

static bool in_user_space(uintptr_t addr, size_t length)
{
    return addr >= USERBASE && addr < USERTOP && length <= USERTOP - addr;
}

int mm_munmap(struct mm *mm, uintptr_t addr, size_t length)
{
    ASSERT(mutex_is_held(&mm->lock));
    if (addr % PAGE_SIZE != 0 || length == 0 || addr >= USERTOP || length > USERTOP - addr)
        return -E_INVAL;
    uintptr_t start = MAX(addr, USERBASE), end = addr + ALIGN_UP(length, PAGE_SIZE);
    return start < end ? unmap(mm, start, end) : 0; /* below USERBASE nothing is mapped */
}

/* Check the arguments of mmap(). Returns 0, -E_INVAL or -E_NO_MEM; if both errors apply, the one that Linux
 * returns. Unknown PROT bits are ignored; unknown MAP flags are refused. */
static int check_mmap(uintptr_t addr, size_t length, unsigned flags)
{
    unsigned sharing = flags & (MAP_SHARED | MAP_PRIVATE);
    if (length == 0 || !(flags & MAP_ANONYMOUS))
        return -E_INVAL;
    if (length > USERTOP - USERBASE)
        return -E_NO_MEM;
    if ((flags & MAP_FIXED) && !in_user_space(addr, ALIGN_UP(length, PAGE_SIZE)))
        return -E_NO_MEM;
    if ((flags & MAP_FIXED) && addr % PAGE_SIZE != 0)
        return -E_INVAL;
    if ((flags & ~(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS)) != 0)
        return -E_INVAL;
    return sharing == MAP_SHARED || sharing == MAP_PRIVATE ? 0 : -E_INVAL;
}

/* Find room for a mapping of `length`: at the page of `wish` if it is free, else in the highest gap. Returns
 * its address; 0 if there is none. */
static uintptr_t place_mapping(struct mm *mm, uintptr_t wish, size_t length)
{
    wish = ALIGN_DOWN(wish, PAGE_SIZE);
    if (in_user_space(wish, length) && wish + length <= MMAP_TOP) {
        struct vma *after = vma_find(&mm->vmas, wish);
        if (after == NULL || after->start >= wish + length)
            return wish;
    }
    uintptr_t addr = vma_gap(&mm->vmas, length, USERBASE, MMAP_FIRST_TOP);
    return addr != 0 ? addr : vma_gap(&mm->vmas, length, USERBASE, MMAP_TOP);
}

/* The same as mm_map(), but replaces what is mapped there. On an error nothing changed. */
static int map_over(struct mm *mm, const struct vma *model)
{
    const struct cut cut = cut_of(mm, model->start, model->end);
    int error = own_tables(mm, &cut);
    if (error == 0)
        error = vma_replace(&mm->vmas, model);
    else
        vm_object_drop(model->object);
    if (error == 0)
        drop_pages(mm, &cut);
    return error;
}

uintptr_t mm_mmap(struct mm *mm, uintptr_t addr, size_t length, unsigned prot, unsigned flags)
{
    ASSERT(mutex_is_held(&mm->lock));
    int error = check_mmap(addr, length, flags);
    if (error != 0)
        return (uintptr_t)error;
    length = ALIGN_UP(length, PAGE_SIZE);

    struct vm_object *object = NULL;
    if (flags & MAP_SHARED) {
        object = shmem_new(mm->lineage);
        if (object == NULL)
            return (uintptr_t)-E_NO_MEM;
    }
    if (!(flags & MAP_FIXED) && (addr = place_mapping(mm, addr, length)) == 0) {
        vm_object_drop(object);
        return (uintptr_t)-E_NO_MEM;
    }
    const struct vma model = {.start = addr,
                              .end = addr + length,
                              .flags = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) |
                                       (flags & MAP_SHARED ? VM_SHARED : 0),
                              .object = object};
    error = flags & MAP_FIXED ? map_over(mm, &model) : mm_map(mm, &model);
    if (error != 0)
        return (uintptr_t)error;
    TRACE(map, model.start, model.end, model.flags, (uintptr_t)object);
    return addr;
}

int mm_pageout(struct mm *mm, uintptr_t addr, size_t length)
{
    ASSERT(mutex_is_held(&mm->lock));
    if (!in_user_space(addr, length))
        return -E_INVAL;
    int out = 0;
    for (uintptr_t va = ALIGN_DOWN(addr, PAGE_SIZE); va < addr + length; va += PAGE_SIZE) {
        const pte_t *pte = pte_find(mm->pgdir, va);
        struct page *page = pte != NULL && pte_present(*pte) ? phys_to_page(pte_frame(*pte)) : NULL;
        out += page != NULL && swap_evict_page(page);
        int error = mm_point(NULL);
        if (error != 0)
            return error;
    }
    return out;
}

uintptr_t mm_brk(struct mm *mm, uintptr_t addr)
{
    ASSERT(mutex_is_held(&mm->lock));
    if (addr < mm->brk_start || addr >= USERTOP)
        return mm->brk;
    uintptr_t old_end = ALIGN_UP(mm->brk, PAGE_SIZE), new_end = ALIGN_UP(addr, PAGE_SIZE);
    int error = 0;
    if (new_end > old_end) {
        struct vma *after = vma_find(&mm->vmas, old_end);
        /* As on Linux, one page between the heap and the mapping above it stays free. */
        if (after != NULL && after->start < new_end + PAGE_SIZE)
            return mm->brk;
        const struct vma heap = {.start = old_end, .end = new_end, .flags = VM_READ | VM_WRITE};
        error = mm_map(mm, &heap);
        if (error == 0)
            TRACE(map, heap.start, heap.end, heap.flags, 0);
    } else if (new_end < old_end) {
        struct vma *first = vma_find(&mm->vmas, new_end);
        /* As on Linux, the break does not move down over nothing. */
        if (first == NULL || first->start >= old_end)
            return mm->brk;
        error = unmap(mm, new_end, old_end);
    }
    if (error == 0)
        mm->brk = addr;
    return mm->brk;
}
