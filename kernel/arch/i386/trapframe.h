/* SPDX-License-Identifier: MIT */
/*
 * trapframe - the registers that kernel entry saves on the kernel stack: layout, names, printing.
 */
#ifndef ARCH_TRAPFRAME_H
#define ARCH_TRAPFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/vectors.h"

/* In ascending order of address: general registers as pushal stores them, segments, the vector, and what
 * the CPU pushed. The CPU pushes esp and ss only if it came from ring 3. */
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

/* Exceptions have the vectors 0 to 19; the ones above, up to 31, are reserved. */
#define TRAP_EXCEPTIONS 20

#define EFLAGS_VM 0x00020000u /* virtual-8086 mode */

/* Whether the CPU came from ring 3. In virtual-8086 mode cs is no selector. No real CPU lets a program enter
 * that mode, but QEMU's TCG does, by iret; the program faults at once, because no memory is mapped below
 * USERBASE. */
static inline bool trap_from_user(const struct trapframe *tf)
{
    return (tf->cs & 3) == 3 || (tf->eflags & EFLAGS_VM) != 0;
}

/* The top of the stack that a trap in the kernel interrupted: the CPU did not push esp and ss. */
static inline const uint32_t *trap_kernel_stack(const struct trapframe *tf)
{
    return &tf->esp;
}

/* The Intel manuals' name of an exception, or what else the vector is. */
const char *trap_name(uint32_t vector);

/* Print the frame, one register a line. */
void trap_print(const struct trapframe *tf);

/* Make `tf` the first frame of a program: entry point and stack, all other registers 0, interrupts on. */
void trap_frame_user(struct trapframe *tf, uintptr_t entry, uintptr_t stack);

/* Whether a program can start with the frame: in ring 3 with all its selectors, with interrupts on, and
 * without what another program has left in a register. */
bool trap_frame_complete(const struct trapframe *tf);

/* Whether two frames have the same flags, selectors and registers, but for eax, eip and esp. */
bool trap_frame_same_registers(const struct trapframe *a, const struct trapframe *b);

#endif
