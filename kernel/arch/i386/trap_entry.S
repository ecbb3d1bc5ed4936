/*
 * trap_entry - one stub for each vector, one way in, one way out.
 *
 * The CPU has pushed (ss, esp when it came from ring 3,) eflags, cs, eip and for some vectors an
 * error code; a stub completes this to an error code and the vector. All gates are interrupt
 * gates: interrupts are off until C switches them on.
 *
 * C is called with its first argument in eax (convention.h).
 *
 * `pushl $2; popfl` clears what a program may have left in the flags: direction, alignment check
 * (which would open SMAP), nested task.
 */
#include "arch/i386/vectors.h"

        .macro SAVE_REGISTERS           /* on the stack: a whole struct trapframe */
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

/* System calls have a way of their own, the shortest. */
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
        call syscall_trap
        .cfi_endproc

/* Restore what the frame at esp holds and go back to where it came from. */
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
        xorl %ebp, %ebp                 /* from ring 3 the frame pointer is not ours to follow */
1:      movl %esp, %eax
        call trap
        jmp trap_return
        .cfi_endproc

/* A new process starts here: esp points at its frame, and the scheduler has just left us. */
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
        /* These push an error code of their own (Intel SDM vol. 3A, table 6-1). */
        .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
        pushl $0
        .endif
        pushl $vector
        jmp trap_common
        .set vector, vector + 1
        .endr

        .section .note.GNU-stack, "", @progbits
