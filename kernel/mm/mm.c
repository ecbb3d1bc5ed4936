/* SPDX-License-Identifier: MIT */
/*
 * mm - allocates, copies and frees address spaces; mmap.c changes what is mapped in them.
 */
#include "mm/mm.h"

#include <ucow/errno.h>

#include "mm/copy_range.h"
#include "mm/image.h"
#include "mm/mm_check.h"
#include "mm/page.h"
#include "mm/point.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "watch/assert.h"

static struct kmem_cache mm_cache;

void mm_init(void)
{
    kmem_cache_init(&mm_cache, "mm", sizeof(struct mm), sizeof(void *));
    pgtable_init();
    vma_init();
    image_init();
    shmem_init();
    mm_check_init();
}

static uint32_t drops;

uint32_t mm_drop_count(void)
{
    return drops;
}

struct mm *mm_new(struct lineage *parent)
{
    struct mm *mm = kmem_cache_zalloc(&mm_cache);
    if (mm == NULL)
        return NULL;
    mm->pgdir = pgtable_new();
    if (mm->pgdir == NULL)
        goto undo_mm;
    if (lineage_new(parent, &mm->lineage) != 0)
        goto undo_pgdir;
    mm->count = 1;
    mutex_init(&mm->lock);
    return mm;

undo_pgdir:
    pgtable_free(mm->pgdir);
undo_mm:
    kmem_cache_free(&mm_cache, mm);
    return NULL;
}

void mm_publish(struct mm *mm)
{
    lineage_set_mm(mm->lineage, mm);
}

void mm_drop(struct mm *mm)
{
    ASSERT(mm->count > 0);
    drops++;
    if (--mm->count != 0)
        return;
    RULE(!mutex_is_held(&mm->lock), "an address space is freed while its lock is held: mutex_unlock()");
    unsigned n = 0;
    uintptr_t last = 0;
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma)) {
        last = vma->start;
        pgtable_drop(mm->pgdir, vma->start, vma->end);
        mm_point_of_regions(++n); /* many may lie in few tables */
    }
    RULE(pte_find(mm->pgdir, last) == NULL,
         "an address space ends, but the page table for 0x%08x stays: pgtable_drop()", (unsigned)last);
    lineage_set_mm(mm->lineage, NULL); /* not earlier: its entries must be found as long as they are there */
    vma_clear(&mm->vmas);
    RULE(mm->vmas.n == 0, "an address space ends, but %u of its regions stay: vma_clear()",
         (unsigned)mm->vmas.n);
    pgtable_free(mm->pgdir);
    lineage_drop(mm->lineage);
    kmem_cache_free(&mm_cache, mm);
}

/* Give `to`, which has the regions of `from`, its pages. */
static int dup_mmap(struct mm *to, struct mm *from)
{
    for (struct vma *vma = vma_first(&from->vmas); vma != NULL; vma = vma_next(vma)) {
        int error = copy_range(to, from, vma->start, vma->end, vma->flags);
        if (error == 0)
            error = mm_point(from->pgdir);
        if (error != 0)
            return error;
    }
    return 0;
}

struct mm *mm_dup(struct mm *from, int *error)
{
    ASSERT(mutex_is_held(&from->lock));
    *error = -E_NO_MEM;
    struct mm *mm = mm_new(from->lineage);
    if (mm == NULL)
        return NULL;
    mm_publish(mm);
    *error = vma_copy_all(&mm->vmas, &from->vmas);
    if (*error == 0) {
        uint32_t word = mm_check_fork_begin(from);
        *error = dup_mmap(mm, from);
        mm_check_fork_kept(from, word);
        mmu_flush_all(); /* the parent's entries may have become read-only, also on an error */
    }
    if (*error != 0) {
        mm_drop(mm);
        return NULL;
    }
    mm->brk_start = from->brk_start;
    mm->brk = from->brk;
    return mm;
}
