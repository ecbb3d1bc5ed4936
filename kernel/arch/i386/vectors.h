/* SPDX-License-Identifier: MIT */
/*
 * vectors - numbers that assembler and C share: vectors, selectors, offsets in the trap frame.
 */
#ifndef ARCH_VECTORS_H
#define ARCH_VECTORS_H

/* Segment selectors. */
#define SEL_KERNEL_TEXT 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_TEXT 0x1b
#define SEL_USER_DATA 0x23
#define SEL_TSS 0x28
#define SEL_DOUBLE_FAULT_TSS 0x30
#define SEL_TLS 0x63 /* a data segment of the running process, if it has one: gdt_set_tls() */

/* Exceptions with special handling, Intel SDM vol. 3A, table 6-1. */
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4
#define VECTOR_NO_FPU 7
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_IRQ 0x20 /* IRQ 0 to 15 of the two PICs */
#define VECTOR_SYSCALL 0x80
#define VECTOR_SPURIOUS 0xFF /* of the local APIC, which expects no acknowledgement */

/* Offsets in struct trapframe. */
#define TF_EAX 28
#define TF_GS 32
#define TF_TRAPNO 48
#define TF_ERR 52
#define TF_EIP 56
#define TF_CS 60
#define TF_SIZE 76

/* Offset of `smap` in struct cpu_features, and of `on` in struct trace_ring. */
#define CPU_FEATURES_SMAP 3
#define TRACE_RING_ON 20

#endif
