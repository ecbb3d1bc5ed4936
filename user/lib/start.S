/* SPDX-License-Identifier: MIT */
/*
 * start - the entry point of a program, and clone(), whose child cannot return into C.
 *
 * At entry the stack is as the System V i386 ABI says: argc at (%esp), then the argv pointers and a
 * null pointer.
 */

        .text
        .globl _start
_start:
        xorl %ebp, %ebp                 /* the outermost frame of a backtrace */
        movl (%esp), %eax               /* argc */
        leal 4(%esp), %ecx              /* argv */
        andl $-16, %esp                 /* the ABI aligns the stack to 16 at a call: */
        subl $8, %esp                   /* two words of padding, two arguments */
        pushl %ecx
        pushl %eax
        call main
        subl $12, %esp
        pushl %eax
        call exit

/*
 * int clone_onto(int nr, unsigned flags, uint32_t *stack)
 *
 * Make system call `nr`, which must be clone, and return its result to the caller. The child starts
 * on `stack`, which holds an argument and a function. It calls the function with the argument and
 * exits with the result; it has no frame to return to.
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
