/*
 * mm - making, copying and unmaking address spaces; brk, mmap and munmap.
 */
#include "mm/mm.h"

#include <ucow/errno.h>

#include "lib/util.h"
#include "mm/copy_range.h"
#include "mm/image.h"
#include "mm/page.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "watch/assert.h"

/* mmap() without an address looks for room below the stack and the page that guards it. */
#define MMAP_TOP (USER_STACK_BASE - PAGE_SIZE)

static struct kmem_cache mm_cache;

void mm_init(void)
{
    kmem_cache_init(&mm_cache, "mm", sizeof(struct mm), sizeof(void *));
    pgtable_init();
    vma_init();
    image_init();
    shmem_init();
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
    if (--mm->count != 0)
        return;
    lineage_set_mm(mm->lineage, NULL);
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma))
        mm->pages -= pgtable_clear(mm->pgdir, vma->start, vma->end);
    for (struct vma *vma = vma_first(&mm->vmas); vma != NULL; vma = vma_next(vma))
        pgtable_prune(mm->pgdir, vma->start, vma->end);
    ASSERT(mm->pages == 0);
    vma_clear(&mm->vmas);
    pgtable_free(mm->pgdir);
    lineage_drop(mm->lineage);
    kmem_cache_free(&mm_cache, mm);
}

/* Fill `to`, which has the regions of `from`, with its pages. */
static int dup_mmap(struct mm *to, struct mm *from)
{
    for (struct vma *vma = vma_first(&from->vmas); vma != NULL; vma = vma_next(vma)) {
        int error = copy_range(to, from, vma->start, vma->end, vma->flags);
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
        *error = dup_mmap(mm, from);
        mmu_flush_all(); /* the parent's pages may have become read-only, also when it failed */
    }
    if (*error != 0) {
        mm_drop(mm);
        return NULL;
    }
    mm->brk_start = from->brk_start;
    mm->brk = from->brk;
    return mm;
}

int mm_map(struct mm *mm, const struct vma *model)
{
    if (model->start < USERBASE || model->end > USERTOP || model->start >= model->end) {
        vm_object_drop(model->object);
        return -E_INVAL;
    }
    return vma_add(&mm->vmas, model);
}

/* Take [start, end), page-aligned and in user space, out of regions and tables. */
static int unmap(struct mm *mm, uintptr_t start, uintptr_t end)
{
    int error = vma_cut(&mm->vmas, start, end);
    if (error != 0)
        return error;
    mm->pages -= pgtable_clear(mm->pgdir, start, end);

    /* A table goes when no region is left in its span. */
    struct vma *before = vma_before(&mm->vmas, start), *after = vma_find(&mm->vmas, end);
    uintptr_t low = before != NULL ? ALIGN_UP(before->end, MMU_TABLE_SPAN) : 0;
    uintptr_t high = after != NULL ? ALIGN_DOWN(after->start, MMU_TABLE_SPAN) : USERTOP;
    if (low < end && start < high)
        pgtable_prune(mm->pgdir, MAX(low, ALIGN_DOWN(start, MMU_TABLE_SPAN)), MIN(high, end));
    return 0;
}

static bool in_user_space(uintptr_t addr, size_t length)
{
    return addr >= USERBASE && addr < USERTOP && length <= USERTOP - addr;
}

int mm_munmap(struct mm *mm, uintptr_t addr, size_t length)
{
    ASSERT(mutex_is_held(&mm->lock));
    if (addr % PAGE_SIZE != 0 || length == 0 || length > USERTOP)
        return -E_INVAL;
    length = ALIGN_UP(length, PAGE_SIZE);
    if (!in_user_space(addr, length))
        return -E_INVAL;
    return unmap(mm, addr, addr + length);
}

/* 0, -E_INVAL or -E_NO_MEM; which of them, when more than one is true, is Linux's choice. Rights that
 * nobody knows mean nothing; flags could be a promise. */
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

/* Where a mapping of `length` shall go: in the wish's page if there is room, else in the highest gap; 0:
 * nowhere. */
static uintptr_t place_mapping(struct mm *mm, uintptr_t wish, size_t length)
{
    wish = ALIGN_DOWN(wish, PAGE_SIZE);
    if (in_user_space(wish, length) && wish + length <= MMAP_TOP) {
        struct vma *after = vma_find(&mm->vmas, wish);
        if (after == NULL || after->start >= wish + length)
            return wish;
    }
    return vma_gap(&mm->vmas, length, USERBASE, MMAP_TOP);
}

/* The same as mm_map(), in place of what is there; when it fails that is still there. */
static int map_over(struct mm *mm, const struct vma *model)
{
    int error = vma_replace(&mm->vmas, model);
    if (error == 0)
        mm->pages -= pgtable_clear(mm->pgdir, model->start, model->end);
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
    return error == 0 ? addr : (uintptr_t)error;
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
        /* As on Linux, a page stays empty between the heap and what is mapped above it. */
        if (after != NULL && after->start < new_end + PAGE_SIZE)
            return mm->brk;
        const struct vma heap = {.start = old_end, .end = new_end, .flags = VM_READ | VM_WRITE};
        error = mm_map(mm, &heap);
    } else if (new_end < old_end) {
        error = unmap(mm, new_end, old_end);
    }
    if (error == 0)
        mm->brk = addr;
    return mm->brk;
}
