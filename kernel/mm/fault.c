/*
 * fault - what a page fault at a user address comes to.
 *
 *   region           entry                 access   outcome
 *   -------------    ------------------    ------   ----------------------------------------
 *   none             any                   any      MM_SEGV
 *   without right    any                   any      MM_SEGV
 *   any              none                  any      MM_FILL: zeros, the image's bytes, or a shared page
 *   writable         present, read-only    write    MM_COPY or MM_REUSE (copy_range_write)
 *   any              present, allows it    any      MM_FILL: somebody was quicker, try again
 *
 * No frame to be had for any of these: MM_OOM.
 */
#include <ucow/errno.h>

#include "debug/assert.h"
#include "mm/copy_range.h"
#include "mm/mm.h"
#include "mm/page.h"

int mm_map_page(struct mm *mm, uintptr_t va, struct page *page, uint32_t rights)
{
    pte_t *pte = pgtable_entry(mm->pgdir, va);
    if (pte == NULL) {
        page_drop(page);
        return -E_NO_MEM;
    }
    ASSERT(!pte_present(*pte));
    *pte = pte_make(page_to_phys(page), PTE_U | rights);
    mm->pages++;
    return 0;
}

/* A page of a private region that can be written: zeros, or a copy of what the object has. */
static struct page *private_page(const struct vma *vma, uintptr_t va)
{
    if (vma->object == NULL)
        return page_alloc_zero(PAGE_USER);
    struct page *page = page_alloc(PAGE_USER);
    if (page != NULL)
        vma->object->ops->fill(vma->object, vma_index(vma, va), page_to_virt(page));
    return page;
}

static enum mm_outcome fill(struct mm *mm, const struct vma *vma, uintptr_t va)
{
    struct page *page = NULL;
    bool writable = (vma->flags & VM_WRITE) != 0, shared = (vma->flags & VM_SHARED) != 0;
    if (vma->object != NULL && (shared || !writable)) {
        if (vma->object->ops->page(vma->object, vma_index(vma, va), &page) != 0)
            return MM_OOM;
    } else if ((page = private_page(vma, va)) == NULL) {
        return MM_OOM;
    }
    return mm_map_page(mm, va, page, writable ? PTE_W : 0) == 0 ? MM_FILL : MM_OOM;
}

enum mm_outcome mm_fault(struct mm *mm, uintptr_t va, bool write)
{
    ASSERT(mutex_is_held(&mm->lock));
    va &= ~(uintptr_t)(PAGE_SIZE - 1);
    struct vma *vma = vma_at(&mm->vmas, va);
    if (vma == NULL || (vma->flags & (VM_READ | VM_WRITE | VM_EXEC)) == 0)
        return MM_SEGV;
    if (write && !(vma->flags & VM_WRITE))
        return MM_SEGV;
    pte_t *pte = pte_find(mm->pgdir, va);
    if (pte == NULL || !pte_present(*pte))
        return fill(mm, vma, va);
    return write ? copy_range_write(mm, va, pte) : MM_FILL;
}
