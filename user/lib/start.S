/* SPDX-License-Identifier: MIT */
/*
 * start - where a program begins, and the one call that cannot return in C.
 *
 * At entry the kernel has set up the stack of the System V i386 ABI: argc at (%esp), the argv
 * pointers after it, a null pointer behind the last.
 */

        .text
        .globl _start
_start:
        xorl %ebp, %ebp                 /* the outermost frame of a backtrace */
        movl (%esp), %eax               /* argc */
        leal 4(%esp), %ecx              /* argv */
        andl $-16, %esp                 /* the ABI wants 16 at a call; two words of */
        subl $8, %esp                   /* padding and two arguments keep it */
        pushl %ecx
        pushl %eax
        call main
        subl $12, %esp
        pushl %eax
        call exit

/*
 * int clone_onto(int nr, unsigned flags, uint32_t *stack)
 *
 * Make system call `nr`, which must be clone. The caller gets its result. The child starts on
 * `stack`, where it finds its function's argument and then the function: it calls the one with
 * the other and exits with the result. It cannot return: nothing is above it.
 */
        .globl clone_onto
clone_onto:
        movl 4(%esp), %eax
        movl 8(%esp), %edx
        movl 12(%esp), %ecx
        int $0x80
        testl %eax, %eax
        jz 1f
        ret
1:      xorl %ebp, %ebp
        call *4(%esp)
        subl $12, %esp
        pushl %eax
        call exit
