/* SPDX-License-Identifier: MIT */
/*
 * trap_entry - one stub for each vector, common entry code, and the return path.
 *
 * The CPU has pushed ss and esp (only from ring 3), eflags, cs, eip and for some vectors an
 * error code; the stub pushes 0 for a missing error code, and the vector. All gates are interrupt
 * gates: interrupts are off until C enables them.
 *
 * C is called with its first argument in eax (convention.h).
 *
 * `pushl $2; popfl` clears flags that a program may have set: direction, alignment check
 * (which would disable SMAP), nested task.
 */
#include "arch/i386/vectors.h"

        .macro SAVE_REGISTERS           /* completes a struct trapframe on the stack */
        pushl %ds
        pushl %es
        pushl %fs
        pushl %gs
        pushal
        movl $SEL_KERNEL_DATA, %eax
        movl %eax, %ds
        movl %eax, %es
        pushl $2
        popfl
        .endm

        .text
        .cfi_sections .debug_frame

/* System calls have their own, shorter entry. */
        .globl syscall_entry
syscall_entry:
        .cfi_startproc simple
        .cfi_signal_frame
        .cfi_def_cfa esp, 0
        .cfi_offset eip, 0
        .cfi_offset esp, 12
        pushl $0                        /* err */
        pushl $VECTOR_SYSCALL
        .cfi_def_cfa_offset 8
        SAVE_REGISTERS
        .cfi_def_cfa_offset TF_EIP
        .cfi_offset ebp, 8 - TF_EIP
        .cfi_offset ebx, 16 - TF_EIP
        .cfi_offset esi, 4 - TF_EIP
        .cfi_offset edi, 0 - TF_EIP
        xorl %ebp, %ebp                 /* backtraces end here */
        movl %esp, %eax                 /* argument: the frame */
        cmpl $0, trace_ring + TRACE_RING_ON
        je 1f
        call do_traced_syscall          /* events are recorded */
        jmp trap_return
1:      call syscall_trap
        .cfi_endproc

/* Restore the registers from the frame at esp and return to the interrupted code. */
        .globl trap_return
trap_return:
        popal
        popl %gs
        popl %fs
        popl %es
        popl %ds
        addl $8, %esp                   /* trapno, err */
        iret

trap_common:
        .cfi_startproc simple
        .cfi_signal_frame
        .cfi_def_cfa esp, 8
        .cfi_offset eip, 0
        .cfi_offset esp, 12
        SAVE_REGISTERS
        .cfi_def_cfa_offset TF_EIP
        .cfi_offset ebp, 8 - TF_EIP
        .cfi_offset ebx, 16 - TF_EIP
        .cfi_offset esi, 4 - TF_EIP
        .cfi_offset edi, 0 - TF_EIP
        testl $3, TF_CS(%esp)
        jz 1f
        xorl %ebp, %ebp                 /* from ring 3: a backtrace must not follow the user's frame pointer */
1:      movl %esp, %eax
        call trap
        jmp trap_return
        .cfi_endproc

/* A new process starts here after its first cpu_switch; esp points at its frame. */
        .globl fork_return
fork_return:
        movl %esp, %eax
        call proc_first_run
        jmp trap_return

/* The 256 stubs, each 16 bytes: trap_stubs + 16 * vector. */
        .globl trap_stubs
        .align 16
trap_stubs:
        .set vector, 0
        .rept 256
        .align 16
        /* For these the CPU pushes an error code (Intel SDM vol. 3A, table 6-1). */
        .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
        pushl $0
        .endif
        pushl $vector
        jmp trap_common
        .set vector, vector + 1
        .endr

        .section .note.GNU-stack, "", @progbits
