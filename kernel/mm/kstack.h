/*
 * kstack - kernel stacks, each with an unmapped page below it.
 *
 * A stack that runs over hits that page and ends in the double-fault task, which can name its
 * owner, instead of in somebody else's memory.
 */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/mmu.h"
#include "config.h"

#define KSTACK_BYTES (CONFIG_KSTACK_PAGES * PAGE_SIZE)
#define KSTACK_SLOT_PAGES (CONFIG_KSTACK_PAGES + 1)

/* Stacks for which there is room in the kernel's virtual area, so that none has to be refused. */
#define KSTACK_MAX ((KVA_END - KVA_BASE) / PAGE_SIZE / KSTACK_SLOT_PAGES)

/* Room for `slots` stacks in the kernel's virtual area; `free_slots` is an array of that many. */
void kstack_init(uint16_t *free_slots, size_t slots);

/* A stack with undefined bytes, its lowest address; 0: no memory, or no slot. */
uintptr_t kstack_alloc(void);

/* Give it back; it must not be the one in use. */
void kstack_free(uintptr_t base);

/* Whether `va` is in the guard page below the stack at `base`. */
static inline bool kstack_is_guard(uintptr_t base, uintptr_t va)
{
    return va - (base - PAGE_SIZE) < PAGE_SIZE;
}

#endif
