/* SPDX-License-Identifier: MIT */
/*
 * switch - the part of cpu_switch() (switch.h) that changes the stack: from *eax, where it stores esp, to edx.
 */
        .text
        .globl cpu_switch_stack
cpu_switch_stack:
        pushl %ebp
        movl %esp, (%eax)
        movl %edx, %esp
        popl %ebp
        ret

        .section .note.GNU-stack, "", @progbits
