/*
 * fpu - the x87 and SSE registers as a block of memory.
 *
 * CR0.TS keeps the FPU shut; the first instruction that wants it traps (vector 7), and
 * proc_fpu.c decides whose state belongs there.
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#define FPU_STATE_BYTES 512
#define FPU_STATE_ALIGN 16

/* Shut the FPU: its next use traps. Open it. */
void fpu_disable(void);
void fpu_enable(void);

/* With the FPU open: save its registers to, or load them from, a block of FPU_STATE_BYTES. */
void fpu_save(void *state);
void fpu_load(const void *state);

/* With the FPU open: the state a new program finds (System V i386 ABI: all exceptions masked,
 * registers empty and 0). */
void fpu_reset(void);

#endif
