/* SPDX-License-Identifier: MIT */
/*
 * shadow - the shadow memory of kasan: one byte for each eight bytes of kernel memory.
 *
 * boot.S maps one page for all of the shadow, because instrumented code marks its stack frames before
 * memory can be allocated. shadow_init() then allocates the shadow of linear memory and of the kernel's
 * stacks. The shadow of other addresses reads as 0: an access to them causes a page fault anyway.
 */
#ifndef ARCH_SHADOW_H
#define ARCH_SHADOW_H

#include <stddef.h>
#include <stdint.h>

#include "arch/i386/linear.h"
#include "arch/i386/mmu.h"
#include "config.h"

#define SHADOW_SHIFT 3
#define SHADOW_GRANULE (1u << SHADOW_SHIFT) /* bytes of memory per byte of shadow */
#define SHADOW_OFFSET 0xA0000000u           /* known to the compiler, see kernel/meson.build */

static inline int8_t *shadow_of(uintptr_t va)
{
    return (int8_t *)((va >> SHADOW_SHIFT) + SHADOW_OFFSET);
}

/* Allocate the shadow, all 0, of linear memory up to `memory_end` and of `kva_pages` pages of the kernel's
 * virtual area. `boot_alloc` returns zeroed memory of any size, page-aligned. */
#if CONFIG_KASAN
void shadow_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(size_t bytes));
#else
static inline void shadow_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(size_t bytes))
{
    (void)memory_end, (void)kva_pages, (void)boot_alloc;
}
#endif

#endif
