/* SPDX-License-Identifier: MIT */
/*
 * sys_mm - system calls about memory.
 */
#include <ucow/errno.h>

#include "dev/console.h"
#include "mm/mm.h"
#include "mm/swap.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/proc_line.h"
#include "proc/sched.h"
#include "proc/visit.h"
#include "sys/syscall.h"

int32_t sys_brk(uintptr_t addr)
{
    struct mm *mm = current->mm;
    if (mutex_lock_killable(&mm->lock) != 0)
        return (int32_t)mm->brk; /* which no program sees */
    uintptr_t brk = mm_brk(mm, addr);
    mutex_unlock(&mm->lock);
    return (int32_t)brk;
}

int32_t sys_mmap(uintptr_t addr, uint32_t len, uint32_t prot, uint32_t flags)
{
    struct mm *mm = current->mm;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return error;
    uintptr_t result = mm_mmap(mm, addr, len, prot, flags);
    mutex_unlock(&mm->lock);
    return (int32_t)result;
}

int32_t sys_munmap(uintptr_t addr, uint32_t len)
{
    struct mm *mm = current->mm;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return error;
    error = mm_munmap(mm, addr, len);
    mutex_unlock(&mm->lock);
    return error;
}

int32_t sys_pageout(uintptr_t addr, uint32_t len)
{
    struct mm *mm = current->mm;
    struct swap_info info;
    swap_read_info(&info);
    if (info.slots == 0)
        return -E_NO_DEV;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return error;
    int pages = mm_pageout(mm, addr, len);
    mutex_unlock(&mm->lock);
    return pages;
}

int32_t sys_pages(int32_t pid, struct uaddr to)
{
    const struct proc *proc = proc_find(pid);
    if (proc == NULL)
        return -E_BAD_PROC;
    struct page_counts counts = {0};
    struct mm *mm = proc->mm;
    int error = 0;
    if (mm != NULL) {
        error = visit_begin(mm);
        if (error == 0) {
            error = mm_count_pages(mm, &counts);
            visit_end(mm);
        }
    }
    return error != 0 ? error : copy_to_user(to, &counts, sizeof(counts));
}

/* Print one line of pgdir(), unless `run` is NULL. Returns 0; -E_KILLED if the caller was killed. */
static int print_run(const struct mmu_run *run)
{
    if (run == NULL)
        return sched_point();
    const char letters[] = {run->rights & PTE_U ? 'u' : '-', 'r', run->rights & PTE_W ? 'w' : '-', '\0'};
    const char *format =
        run->level == 0 ? "PDE(%03x) %08x-%08x %08x %s\n" : "  |-- PTE(%05x) %08x-%08x %08x %s\n";
    kprintf(format, (unsigned)run->count, (unsigned)run->start, (unsigned)run->end,
            (unsigned)(run->end - run->start), letters);
    return sched_point();
}

int32_t sys_pgdir(void)
{
    struct mm *mm = current->mm;
    proc_line_flush();
    kprintf("-------------------- BEGIN --------------------\n");
    int error = mutex_lock_killable(&mm->lock);
    if (error == 0) {
        error = mmu_walk_runs(mm->pgdir, print_run);
        mutex_unlock(&mm->lock);
    }
    kprintf("--------------------- END ---------------------\n");
    return error;
}
