/* SPDX-License-Identifier: MIT */
/*
 * start - the entry point of a program for Linux without a libc, and clone(), whose child cannot return into C.
 *
 * At entry the stack is as the System V i386 ABI says: argc, argv, NULL, the environment, NULL, the auxiliary
 * vector. main() gets its address.
 */
        .text
        .globl _start
_start:
        xorl %ebp, %ebp                 /* the outermost frame of a backtrace */
        movl %esp, %eax
        andl $-16, %esp
        subl $12, %esp
        pushl %eax
        call linux_main
        movl %eax, %ebx
        movl $252, %eax                 /* exit_group */
        int $0x80

/*
 * int clone_onto(unsigned flags, uint32_t *stack, void *tls, int *child_tid)
 *
 * The child starts on `stack`, which holds a function, which it calls; it exits with the result.
 */
        .globl clone_onto
clone_onto:
        pushl %ebx
        pushl %esi
        pushl %edi
        movl 16(%esp), %ebx
        movl 20(%esp), %ecx
        movl 24(%esp), %esi
        movl 28(%esp), %edi
        xorl %edx, %edx
        movl $120, %eax                 /* clone */
        int $0x80
        testl %eax, %eax
        jz 1f
        popl %edi
        popl %esi
        popl %ebx
        ret
1:      xorl %ebp, %ebp
        call *(%esp)
        movl %eax, %ebx
        movl $1, %eax                   /* exit */
        int $0x80

        .section .note.GNU-stack, "", @progbits
