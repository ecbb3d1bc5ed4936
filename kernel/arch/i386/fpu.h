/* SPDX-License-Identifier: MIT */
/*
 * fpu - the x87 and SSE registers as a block of memory.
 *
 * While CR0.TS is set the FPU is disabled: the first instruction that uses it traps (vector 7), and
 * proc_fpu.c loads the state of the current process.
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#define FPU_STATE_BYTES 512
#define FPU_STATE_ALIGN 16

/* Disable the FPU, so that its next use traps; enable it. */
void fpu_disable(void);
void fpu_enable(void);

/* Save the registers to a block of FPU_STATE_BYTES, or load them from it. The FPU is enabled. */
void fpu_save(void *state);
void fpu_load(const void *state);

/* Load the initial state of a program (System V i386 ABI: all exceptions masked, registers empty and 0).
 * The FPU is enabled. */
void fpu_reset(void);

#endif
