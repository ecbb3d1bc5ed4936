/*
 * shadow - where kasan keeps what it knows of each eight bytes of kernel memory: one byte.
 *
 * boot.S maps one page everywhere there, for code that marks its stack frames before there is
 * memory to be had; shadow_init() gives each byte of linear memory and of the kernel's stacks a
 * place of its own. What is not memory keeps reading as 0: an access to it is the CPU's to refuse.
 */
#ifndef ARCH_SHADOW_H
#define ARCH_SHADOW_H

#include <stddef.h>
#include <stdint.h>

#include "arch/i386/linear.h"
#include "arch/i386/mmu.h"
#include "config.h"

#define SHADOW_SHIFT 3
#define SHADOW_GRANULE (1u << SHADOW_SHIFT) /* bytes that one byte of the shadow stands for */
#define SHADOW_OFFSET 0xA0000000u           /* known to the compiler, see kernel/meson.build */

static inline int8_t *shadow_of(uintptr_t va)
{
    return (int8_t *)((va >> SHADOW_SHIFT) + SHADOW_OFFSET);
}

/* Linear memory ends at `memory_end`, the kernel's virtual area has `kva_pages`: each byte of these
 * gets a shadow, which is 0. `boot_alloc` returns zeroed memory of any size, page-aligned. */
#if CONFIG_KASAN
void shadow_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(size_t bytes));
#else
static inline void shadow_init(paddr_t memory_end, size_t kva_pages, void *(*boot_alloc)(size_t bytes))
{
    (void)memory_end, (void)kva_pages, (void)boot_alloc;
}
#endif

#endif
