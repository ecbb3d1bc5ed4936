/* SPDX-License-Identifier: MIT */
/*
 * pgfault - checks that the address is in user space, calls mm_fault(), and translates its outcome.
 */
#include "proc/pgfault.h"

#include <ucow/errno.h>

#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/oom.h"
#include "proc/pid.h"
#include "proc/proc.h"

static const int8_t error_of[] = {
    [MM_FILL] = 0,
    [MM_COPY] = 0,
    [MM_REUSE] = 0,
    [MM_SWAP_IN] = 0,
    [MM_OOM] = -E_NO_MEM,
    [MM_SEGV] = -E_FAULT,
    [MM_SWAP_FAULT] = -E_SWAP_FAULT,
};

/* Whether the process maps `frame` at `va`. */
static bool maps(const struct proc *proc, paddr_t frame, uintptr_t va)
{
    if (proc->mm == NULL)
        return false;
    const pte_t *pte = pte_find(proc->mm->pgdir, va);
    return pte != NULL && pte_present(*pte) && pte_frame(*pte) == frame;
}

void pgfault_who(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other)
{
    *running = (struct cow_who){current->pid, current->name};
    for (int pid = 1; pid < pid_limit(); pid++) {
        const struct proc *proc = proc_find(pid);
        if (proc != NULL && proc->mm != current->mm && maps(proc, frame, va)) {
            *other = (struct cow_who){pid, proc->name};
            return;
        }
    }
}

/* Record a fault, and the entry that it made if no other event tells it. */
static void trace_fault(uintptr_t va, uint32_t error_code, enum mm_outcome outcome)
{
    if (outcome == MM_FILL || outcome == MM_SWAP_IN)
        TRACE(page, ALIGN_DOWN(va, PAGE_SIZE), *pte_find(current->mm->pgdir, va));
    TRACE(fault, current->pid, va, error_code, outcome, proc_trapframe(current)->eip);
}

bool pgfault_is_served(uintptr_t va, uint32_t error_code)
{
    struct mm *mm = current->mm;
    const pte_t *pte = va < USERTOP ? pte_find(mm->pgdir, va) : NULL;
    if (mm_users(mm) > 1 || (pte != NULL && pte_swapped(*pte)))
        return true; /* what others have done since */
    bool write = (error_code & FAULT_WRITE) != 0;
    return pte != NULL && (*pte & (PTE_P | PTE_U)) == (PTE_P | PTE_U) &&
           (!write || (pte_writable(*pte) && pgdir_permits_writes(mm->pgdir, va)));
}

int do_pgfault(uintptr_t va, uint32_t error_code)
{
    struct mm *mm = current->mm;
    enum mm_outcome outcome = MM_SEGV;
    if (mm != NULL && va >= USERBASE && va < USERTOP) {
        int error;
        bool full;
        do {
            error = mutex_lock_killable(&mm->lock);
            if (error != 0)
                return error;
            outcome = mm_fault(mm, va, (error_code & FAULT_WRITE) != 0);
            full = outcome == MM_OOM && oom_memory_is_full();
            mutex_unlock(&mm->lock); /* which lets a process that waits for the lock run */
        } while (full && (error = oom_relieve()) == 0);
        if (error == -E_KILLED)
            return error;
    }
    if (TRACE_IS_ON())
        trace_fault(va, error_code, outcome);
    return error_of[outcome];
}
