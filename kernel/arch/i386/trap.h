/* SPDX-License-Identifier: MIT */
/*
 * trap - every way into the kernel: exceptions, interrupts, system calls.
 *
 * trap_entry.S builds a struct trapframe on the kernel stack of the current process and calls a function of
 * trap.c, the only file of this folder that calls memory and processes, or of sys/syscall.c.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <stdint.h>

/* Load an IDT with all 256 vectors. Ring 3 may use int 0x80, int3 and into; the double fault switches to a
 * task of its own. */
void trap_init(void);

#endif
