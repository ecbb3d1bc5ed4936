/*
 * switch - from one kernel stack to another.
 *
 * void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp);
 *
 * Arguments in eax and edx (convention.h). What a sleeping stack looks like, from its sp upwards: edi esi ebx ebp eip. The other registers
 * belong to the caller (System V i386 ABI). proc.c builds the same for a new process.
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
