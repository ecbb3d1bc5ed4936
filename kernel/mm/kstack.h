/* SPDX-License-Identifier: MIT */
/*
 * kstack - kernel stacks, each with an unmapped page below it.
 *
 * A stack overflow hits that page and enters the double-fault task, which names the process, instead of
 * overwriting other memory.
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

/* The number of stacks for which the kernel's virtual area has room; there are no more pids than this. */
#define KSTACK_MAX ((KVA_PAGES + KVA_MORE_PAGES) / KSTACK_SLOT_PAGES)
_Static_assert(KVA_PAGES % KSTACK_SLOT_PAGES == 0, "no slot may lie in both parts of the area");

/* Boot: make `slots` slots for stacks; `free_slots` is an array with as many elements. */
void kstack_init(uint16_t *free_slots, size_t slots);

/* Allocate a stack with undefined bytes. Returns its lowest address; 0: no memory, or no slot. */
uintptr_t kstack_alloc(void);

/* Free the stack at `base`, which is not the current one. */
void kstack_free(uintptr_t base);

/* The number of stacks in use. */
size_t kstack_count(void);

/* Whether `va` is in the guard page below the stack at `base`. */
static inline bool kstack_is_guard(uintptr_t base, uintptr_t va)
{
    return va - (base - PAGE_SIZE) < PAGE_SIZE;
}

#endif
