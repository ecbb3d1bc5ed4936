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

/* System calls have their own, shorter entry. */
        .globl syscall_entry
syscall_entry:
        pushl $0                        /* err */
        pushl $VECTOR_SYSCALL
.Lsyscall_save:
        SAVE_REGISTERS
.Lsyscall_saved:
        xorl %ebp, %ebp                 /* backtraces end here */
        movl %esp, %eax                 /* argument: the frame */
        cmpl $0, trace_ring + TRACE_RING_ON
        je 1f
        call do_traced_syscall          /* events are recorded */
        jmp trap_return
1:      call syscall_trap

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
        SAVE_REGISTERS
.Ltrap_saved:
        testl $3, TF_CS(%esp)
        jz 1f
        xorl %ebp, %ebp                 /* from ring 3: a backtrace must not follow the user's frame pointer */
1:      movl %esp, %eax
        call trap
        jmp trap_return
.Ltrap_end:

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

/*
 * For debuggers (DWARF 3, 6.4): where the interrupted code's registers are. By hand, because LLVM's assembler
 * writes .cfi_signal_frame into .eh_frame only. The "S" says that the caller is no caller: its instruction is
 * the next one, and its stack is anywhere. Of a system call the instruction is taken to be `int $0x80`, two
 * bytes before: behind the one of exit() is another function.
 */
#define DW_EBX 3
#define DW_ESP 4
#define DW_EBP 5
#define DW_ESI 6
#define DW_EDI 7
#define DW_EIP 8

        .macro DW_SAVED register, offset /* DW_CFA_offset_extended_sf, of bytes from the eip that the CPU pushed */
        .byte 0x11, \register
        .sleb128 \offset
        .endm

        .macro DW_FRAME start, saved, end /* at `start` 8 bytes are above the eip that the CPU pushed */
        .long 2f - 1f
1:      .long .Lframes, \start, \end - \start
        .byte 0x0C, DW_ESP, 8           /* DW_CFA_def_cfa */
        .byte 0x04                      /* DW_CFA_advance_loc4 */
        .long \saved - \start
        .byte 0x0E                      /* DW_CFA_def_cfa_offset */
        .uleb128 TF_EIP
        DW_SAVED DW_EBP, 8 - TF_EIP
        DW_SAVED DW_EBX, 16 - TF_EIP
        DW_SAVED DW_ESI, 4 - TF_EIP
        DW_SAVED DW_EDI, 0 - TF_EIP
        .endm

        .macro DW_FRAME_END
        .balign 4                       /* with DW_CFA_nop, which is 0 */
2:
        .endm

        .section .debug_frame, "", @progbits
.Lframes:
        .long 2f - 1f
1:      .long 0xFFFFFFFF                /* what all frames have */
        .byte 1
        .asciz "S"
        .byte 1, 1, DW_EIP              /* factors of code and data, and what returns */
        DW_SAVED DW_EIP, 0
        DW_SAVED DW_ESP, 12
        DW_FRAME_END
        DW_FRAME .Lsyscall_save, .Lsyscall_saved, trap_return + 1 /* where syscall_trap returns to */
        .byte 0x16, DW_EIP, 3, 0x06, 0x32, 0x1C /* DW_CFA_val_expression: deref, lit2, minus */
        DW_FRAME_END
        DW_FRAME trap_common, .Ltrap_saved, .Ltrap_end
        DW_FRAME_END

        .section .note.GNU-stack, "", @progbits
