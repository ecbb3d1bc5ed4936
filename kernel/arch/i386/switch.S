/* SPDX-License-Identifier: MIT */
/*
 * switch - switches from one kernel stack to another.
 *
 * void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp);
 *
 * Arguments are in eax and edx (convention.h). A stack that is switched away from holds, from its sp upwards:
 * edi esi ebx ebp eip. The caller saves the other registers (System V i386 ABI). fork.c builds
 * the same layout for a new process.
 */
        .text
        .globl cpu_switch
cpu_switch:
        pushl %ebp
        pushl %ebx
        pushl %esi
        pushl %edi
        movl %esp, (%eax)
        movl %edx, %esp
        popl %edi
        popl %esi
        popl %ebx
        popl %ebp
        ret

        .section .note.GNU-stack, "", @progbits
