/* SPDX-License-Identifier: MIT */
/*
 * gdt - flat segments for the two rings, and the task state segments.
 *
 * Ring 3 can access no I/O port: the I/O map of the TSS lies beyond its limit, and IOPL is 0.
 */
#ifndef ARCH_GDT_H
#define ARCH_GDT_H

#include <stdint.h>

#include "arch/i386/mmu.h"

/* Registers of an interrupted task, as the CPU leaves them in a TSS (Intel SDM vol. 3A, 8.2.1). */
struct tss {
    uint32_t back_link;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_map_base;
};

/* The TSS of everything except the double-fault handler. */
extern struct tss cpu_tss;

/* Load the segments. A double fault runs `double_fault` as a task with its own stack. */
void gdt_init(void (*double_fault)(void));

/* The descriptor of a writable data segment for ring 3 that begins at `base` and has 4 GiB: addresses wrap,
 * and paging alone protects. */
uint64_t gdt_tls_descriptor(uint32_t base);

/* SEL_TLS selects `descriptor` from now on; 0: nothing, and a program that loads it faults. */
void gdt_set_tls(uint64_t descriptor);

/* Set the top of the stack that the CPU uses on the next entry from ring 3. */
static inline void gdt_set_kernel_stack(uintptr_t top)
{
    cpu_tss.esp0 = top;
}

#endif
