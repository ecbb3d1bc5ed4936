/* SPDX-License-Identifier: MIT */
/*
 * trap - every way into the kernel: exceptions, interrupts, system calls.
 *
 * trap_entry.S builds a struct trapframe on the current process's kernel stack and calls one of
 * the functions of trap.c; they are the only code here that looks upward, to memory and processes.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/vectors.h"

/* What entry saves, in ascending order of address: registers as pushal has them, segments, the
 * vector, and what the CPU pushed. esp and ss are there only when the CPU came from ring 3. */
struct trapframe {
    uint32_t edi, esi, ebp, oesp, ebx, edx, ecx, eax;
    uint32_t gs, fs, es, ds;
    uint32_t trapno;
    uint32_t err, eip, cs, eflags;
    uint32_t esp, ss;
};

_Static_assert(offsetof(struct trapframe, gs) == TF_GS, "trap_entry.S: pushal, then segments");
_Static_assert(offsetof(struct trapframe, trapno) == TF_TRAPNO, "trap_entry.S: vector");
_Static_assert(offsetof(struct trapframe, eip) == TF_EIP, "trap_entry.S: frame of the CPU");
_Static_assert(sizeof(struct trapframe) == TF_SIZE, "trap_entry.S: whole frame");

#define EFLAGS_VM 0x00020000u /* virtual-8086 mode */

/* In virtual-8086 mode cs is no selector, and the CPU is in ring 3. No processor lets a program enter
 * it, but QEMU's TCG does, by iret; it gets no further, for there is no memory below USERBASE. */
static inline bool trap_from_user(const struct trapframe *tf)
{
    return (tf->cs & 3) == 3 || (tf->eflags & EFLAGS_VM) != 0;
}

/* The top of the stack that a trap in the kernel interrupted: the CPU pushed no esp and ss then. */
static inline const uint32_t *trap_kernel_stack(const struct trapframe *tf)
{
    return &tf->esp;
}

/* Fill the IDT: all 256 vectors, int 0x80 and the two breakpoint instructions open to ring 3,
 * the double fault through a task of its own. */
void trap_init(void);

/* Print the frame, one register a line. */
void trap_print(const struct trapframe *tf);

/* Make `tf` the frame of a new program: entry point and stack, every other register 0. */
void trap_frame_user(struct trapframe *tf, uintptr_t entry, uintptr_t stack);

/* Interrupts that nobody serves, by vector: counted, otherwise ignored. */
uint32_t trap_stray_count(void);

#endif
