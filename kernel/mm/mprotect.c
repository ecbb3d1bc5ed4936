/* SPDX-License-Identifier: MIT */
/*
 * mprotect - changes the rights of what is mapped.
 *
 *   rights of the region     an entry that has a page
 *   --------------------     ------------------------------------------------------------
 *   none                     PTE_HIDDEN instead of PTE_P: any access faults, the page stays
 *   not writable             PTE_P
 *   writable, private        PTE_P and copy_range_right()
 *   writable, shared         PTE_P, PTE_W
 *
 * An entry that names a slot stays: the fault that reads the page back looks at the region.
 */
#include <ucow/errno.h>

#include "check/hooks.h"
#include "lib/util.h"
#include "mm/copy_range.h"
#include "mm/mm.h"
#include "mm/point.h"
#include "watch/assert.h"
#include "watch/trace.h"

#define RIGHTS (VM_READ | VM_WRITE | VM_EXEC)
#define PROT_SEM 8u /* Linux: memory for semaphores; every memory is */

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC, "one is the other");

/* What the present entry `pte` becomes in a region with `flags`. */
static pte_t entry_with(pte_t pte, uint32_t flags)
{
    pte &= ~(PTE_P | PTE_W | PTE_COW | PTE_HIDDEN);
    if (!(flags & RIGHTS))
        return pte | PTE_HIDDEN;
    if (flags & VM_WRITE)
        pte |= flags & VM_SHARED ? PTE_W : copy_range_right();
    return pte | PTE_P;
}

/* Do something to a present entry. Returns 0, or an error that ends the walk. */
typedef int entry_fn(struct mm *mm, uintptr_t va, pte_t *pte, uint32_t flags);

static int set_rights(struct mm *mm, uintptr_t va, pte_t *pte, uint32_t flags)
{
    (void)mm, (void)va;
    check_entry_made();
    *pte = entry_with(*pte, flags);
    return 0;
}

static int own_page(struct mm *mm, uintptr_t va, pte_t *pte, uint32_t flags)
{
    (void)flags;
    return copy_range_own(mm, va, pte);
}

/* Call `entry` for the present entries of the part. Returns 0, or the first error. */
static int walk(struct mm *mm, const struct vma *part, entry_fn *entry)
{
    size_t n;
    int error = 0;
    for (uintptr_t va = part->start; va < part->end && error == 0; va += n * PAGE_SIZE) {
        pte_t *first = pte_run(mm->pgdir, va, part->end, &n);
        if (first == NULL)
            continue;
        pte_t *pte = first, *last = first + n;
        pgtable_narrow(&pte, &last);
        for (; error == 0 && (pte = pte_next_used(pte, last)) < last; pte++)
            if (pte_present(*pte))
                error = entry(mm, va + (uintptr_t)(pte - first) * PAGE_SIZE, pte, part->flags);
        mm_point(mm->pgdir);
    }
    return error;
}

/* Make the page tables of the part the address space's own. Returns 0; -E_NO_MEM. */
static int own_tables(struct mm *mm, const struct vma *part)
{
    size_t n;
    int error = 0;
    for (uintptr_t va = part->start; va < part->end && error >= 0; va += n * PAGE_SIZE) {
        pte_run(mm->pgdir, va, part->end, &n);
        error = pgtable_own(mm->pgdir, va);
        mm_point(NULL);
    }
    return MIN(error, 0);
}

/* Give `part` of a region, which has other `old` flags, those that it says. On an error nothing changed. */
static int protect(struct mm *mm, const struct vma *part, uint32_t old)
{
    bool gains_write = (part->flags & ~old & VM_WRITE) != 0, shared = (part->flags & VM_SHARED) != 0;
    int error = own_tables(mm, part);
    if (error == 0 && gains_write && !shared)
        error = walk(mm, part, own_page);
    if (error != 0)
        return error;
    vm_object_hold(part->object);
    error = vma_replace(&mm->vmas, part);
    if (error != 0)
        return error;
    if (((old ^ part->flags) & VM_WRITE) || !(old & RIGHTS) || !(part->flags & RIGHTS)) {
        walk(mm, part, set_rights);
        if (mmu_is_loaded(mm->pgdir))
            mmu_flush_all();
    }
    TRACE(protect, part->start, part->end, part->flags);
    return 0;
}

int mm_protect(struct mm *mm, uintptr_t addr, size_t length, unsigned prot)
{
    ASSERT(mutex_is_held(&mm->lock));
    if (addr % PAGE_SIZE != 0)
        return -E_INVAL;
    if (length == 0)
        return 0;
    if (addr >= USERTOP || length > USERTOP - addr)
        return -E_NO_MEM;
    if ((prot & ~(RIGHTS | PROT_SEM)) != 0)
        return -E_INVAL;
    uintptr_t end = addr + ALIGN_UP(length, PAGE_SIZE);
    int error = 0;
    for (uintptr_t va = addr; va < end && error == 0;) {
        const struct vma *vma = vma_at(&mm->vmas, va);
        if (vma == NULL)
            return -E_NO_MEM;
        struct vma part = {.start = va, .end = MIN(end, vma->end), .object = vma->object};
        part.flags = (vma->flags & ~RIGHTS) | (prot & RIGHTS);
        if (part.flags != vma->flags)
            error = protect(mm, &part, vma->flags);
        va = part.end;
        mm_point(NULL);
    }
    return error;
}
