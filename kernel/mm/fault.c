/* SPDX-License-Identifier: MIT */
/*
 * fault - serves page faults at user addresses.
 *
 *   region           entry                 access   outcome
 *   -------------    ------------------    ------   ----------------------------------------
 *   none             any                   any      MM_SEGV
 *   without right    any                   any      MM_SEGV
 *   any              none                  any      MM_FILL: zeros, the image's bytes, or a shared page;
 *                                                   MM_SWAP_IN if the shared page was on the disk
 *   any              names a slot          any      MM_SWAP_IN (copy_range_swap_in)
 *   writable         present, read-only    write    MM_COPY or MM_REUSE (copy_range_write)
 *   writable         present, writable,    write    MM_REUSE: the table has become this mm's own
 *                    in a shared table
 *   any              present, allows it    any      MM_FILL: another process of this mm was quicker
 *
 * A write, and MM_FILL, need a page table of the mm's own: a shared one is copied first (tables.h). Only a
 * read-only page of a program is entered in a shared table.
 * If there is no frame for any of these: MM_OOM. If the disk cannot be read: MM_SWAP_FAULT.
 */
#include <ucow/errno.h>

#include "mm/copy_range.h"
#include "mm/mm.h"
#include "mm/mm_check.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "watch/assert.h"
#include "watch/trace.h"

int mm_map_page(struct mm *mm, uintptr_t va, struct page *page, uint32_t rights)
{
    bool in_place = page->owner == PAGE_CACHE; /* tables.h */
    pte_t *pte = in_place ? pgtable_entry_in_place(mm->pgdir, va) : pgtable_entry(mm->pgdir, va);
    if (pte == NULL) {
        page_drop(page);
        return -E_NO_MEM;
    }
    pgtable_enter(pte, pte_make(page_to_phys(page), PTE_U | PTE_A | rights)); /* it is about to be accessed */
    if (page->owner == PAGE_SHARED)
        pgtable_of(pte)->table_has_shmem = true;
    return 0;
}

/* Check the words that a free frame has a pattern in: a program may not see what others left. */
static inline void check_zero(const uint32_t *words, uintptr_t va)
{
    RULE((words[0] | words[PAGE_SIZE / 8]) == 0,
         "the new page 0x%08x of pid %d is not 0, but has what was left in its frame: page_alloc_zero()",
         (unsigned)va, trace_pid());
}

/* Allocate a page of a private, writable region, with zeros or the object's initial bytes; NULL: no memory.
 */
static struct page *private_page(struct mm *mm, const struct vma *vma, uintptr_t va)
{
    struct vm_object *object = vma->object;
    struct page *page = object == NULL ? page_alloc_zero(PAGE_USER) : page_alloc(PAGE_USER);
    if (page == NULL)
        return NULL;
    if (object != NULL)
        object->ops->fill(object, va / PAGE_SIZE, page_to_virt(page));
    else
        check_zero(page_to_virt(page), va);
    swap_adopt(page, mm->lineage, va);
    return page;
}

static enum mm_outcome fill(struct mm *mm, const struct vma *vma, uintptr_t va)
{
    struct page *page = NULL;
    int from_disk = 0;
    bool writable = (vma->flags & VM_WRITE) != 0, shared = (vma->flags & VM_SHARED) != 0;
    if (vma->object != NULL && (shared || !writable)) {
        from_disk = vma->object->ops->page(vma->object, va / PAGE_SIZE, &page);
        if (from_disk < 0)
            return from_disk == -E_SWAP_FAULT ? MM_SWAP_FAULT : MM_OOM;
    } else if ((page = private_page(mm, vma, va)) == NULL) {
        return MM_OOM;
    }
    if (mm_map_page(mm, va, page, writable ? PTE_W : 0) != 0)
        return MM_OOM;
    return from_disk ? MM_SWAP_IN : MM_FILL;
}

/* Serve an access to the page at `va` that its region `vma` allows. Its entry is *pte; NULL: it has no table.
 */
static enum mm_outcome serve(struct mm *mm, const struct vma *vma, uintptr_t va, pte_t *pte, bool write)
{
    if (pte == NULL || *pte == 0)
        return fill(mm, vma, va);
    if (pte_swapped(*pte))
        return copy_range_swap_in(mm, va, pte, (vma->flags & VM_WRITE) != 0, write);
    return write ? copy_range_write(mm, va, pte) : MM_FILL;
}

enum mm_outcome mm_fault(struct mm *mm, uintptr_t va, bool write)
{
    struct cow_fault checked;
    ASSERT(mutex_is_held(&mm->lock));
    va &= ~(uintptr_t)(PAGE_SIZE - 1);
    struct vma *vma = vma_at(&mm->vmas, va);
    if (vma == NULL || (vma->flags & (VM_READ | VM_WRITE | VM_EXEC)) == 0)
        return MM_SEGV;
    if (write && !(vma->flags & VM_WRITE))
        return MM_SEGV;
    int was_shared = write ? pgtable_own(mm->pgdir, va) : 0;
    if (was_shared < 0)
        return MM_OOM;
    pte_t *pte = pte_find(mm->pgdir, va);
    if (was_shared && pte_writable(*pte))
        return MM_REUSE; /* only the table did not permit writes */
    mm_check_fault_begin(&checked, va, write, pte);
    enum mm_outcome outcome = serve(mm, vma, va, pte, write);
    mm_check_fault_end(&checked, mm, vma, pte, outcome);
    return outcome;
}
