/* SPDX-License-Identifier: MIT */
/*
 * proc_fpu - lazy switching of the FPU.
 */
#include "proc/proc_fpu.h"

#include <ucow/errno.h>

#include "arch/i386/fpu.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc.h"

static struct kmem_cache fpu_cache;
static struct proc *owner; /* whose state is in the registers; NULL if no process's */

void proc_fpu_init(void)
{
    kmem_cache_init(&fpu_cache, "fpu state", FPU_STATE_BYTES, FPU_STATE_ALIGN);
}

int proc_fpu_use(void)
{
    bool first_use = current->fpu == NULL;
    if (first_use && (current->fpu = kmem_cache_alloc(&fpu_cache)) == NULL)
        return -E_NO_MEM;
    fpu_enable();
    this_cpu()->fpu_open = true;
    if (owner == current)
        return 0;
    if (owner != NULL)
        fpu_save(owner->fpu);
    if (first_use)
        fpu_reset();
    else
        fpu_load(current->fpu);
    owner = current;
    return 0;
}

void proc_fpu_switch(struct proc *next)
{
    if (this_cpu()->fpu_open && owner != next) {
        fpu_disable();
        this_cpu()->fpu_open = false;
    }
}

int proc_fpu_copy(struct proc *child)
{
    if (current->fpu == NULL)
        return 0;
    child->fpu = kmem_cache_alloc(&fpu_cache);
    if (child->fpu == NULL)
        return -E_NO_MEM;
    if (owner == current) {
        fpu_enable();
        this_cpu()->fpu_open = true;
        fpu_save(current->fpu);
        fpu_load(current->fpu); /* fnsave also resets the registers */
    }
    memcpy(child->fpu, current->fpu, FPU_STATE_BYTES);
    return 0;
}

void proc_fpu_drop(struct proc *proc)
{
    if (owner == proc) {
        owner = NULL;
        fpu_disable();
        this_cpu()->fpu_open = false;
    }
    if (proc->fpu != NULL)
        kmem_cache_free(&fpu_cache, proc->fpu);
    proc->fpu = NULL;
}
