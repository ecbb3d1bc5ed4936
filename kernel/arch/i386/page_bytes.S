/* SPDX-License-Identifier: MIT */
/*
 * page_bytes.S - clears or copies a page with the 16-byte moves of SSE: a quarter, or half, of the instructions
 * that `rep stosl` and `rep movsl` take. cpu_clear_page() and cpu_copy_page() call it if the CPU has SSE.
 *
 * The registers of the FPU may hold the state of any process (proc_fpu.c), and CR0.TS may be set to trap the next
 * use. So xmm0, the only one changed here, and CR0 are saved and restored; interrupts are off meanwhile, and thus
 * no one else finds the FPU enabled. Moves between xmm0 and memory change neither MXCSR nor the x87 registers, and
 * raise no exception that an x87 instruction of a process left pending.
 *
 * Arguments are in registers (convention.h): eax the page to write, edx the page to copy. Both are aligned.
 */
#include "arch/i386/function.inc"

#define PAGE_BYTES 4096
#define XMM_BYTES 16
#define TURN_BYTES 512

.macro ENTER name
    FUNCTION \name
    pushfl
    cli
    movl %cr0, %ecx
    pushl %ecx
    clts
    subl $XMM_BYTES, %esp
    movups %xmm0, (%esp)
.endm

.macro LEAVE name
    movups (%esp), %xmm0
    addl $XMM_BYTES, %esp
    popl %ecx
    movl %ecx, %cr0                 /* TS is as it was */
    popfl
    END_FUNCTION \name
.endm

/* Execute `move` for each 16 bytes of a page: their offset in it is \at + ecx. ecx counts from -4096 up to 0. */
.macro FOR_EACH_16_BYTES move
    movl $-PAGE_BYTES, %ecx
1:
    .set at, PAGE_BYTES
    .rept TURN_BYTES / XMM_BYTES
    \move
    .set at, at + XMM_BYTES
    .endr
    addl $TURN_BYTES, %ecx
    jnz 1b
.endm

.macro CLEAR_16_BYTES
    movaps %xmm0, at(%eax,%ecx)
.endm

.macro COPY_16_BYTES
    movaps at(%edx,%ecx), %xmm0
    movaps %xmm0, at(%eax,%ecx)
.endm

    .text

/* void page_clear_sse(void *to) */
ENTER page_clear_sse
    xorps %xmm0, %xmm0
    FOR_EACH_16_BYTES CLEAR_16_BYTES
LEAVE page_clear_sse

/* void page_copy_sse(void *to, const void *from) */
ENTER page_copy_sse
    FOR_EACH_16_BYTES COPY_16_BYTES
LEAVE page_copy_sse

    .section .note.GNU-stack, "", @progbits
