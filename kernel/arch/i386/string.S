/*
 * string.S - memcpy, memmove and memset with the string instructions.
 *
 * C cannot ask for `rep movsl`, and counts of words instead of bytes are a quarter of the work.
 * The direction flag is clear at every call (SysV i386 ABI); memmove sets it for a while, and
 * trap entry clears it, should an interrupt come just then.
 *
 * Arguments come in registers, as everywhere in the kernel (convention.h): eax the destination, also
 * the result; edx the source, or the byte to store; ecx the number of bytes. Instrumented code
 * puts them on the stack. Each keeps a frame, so that a backtrace from a fault in here names the caller.
 */
#include "config.h"

.macro ENTER name
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    pushl %ebp
    .cfi_def_cfa_offset 8
    .cfi_offset %ebp, -8
    movl %esp, %ebp
    .cfi_def_cfa_register %ebp
#if CONFIG_INSTRUMENTED
    movl 8(%ebp), %eax
    movl 12(%ebp), %edx
    movl 16(%ebp), %ecx
#endif
    pushl %edi
    .cfi_offset %edi, -12
.endm

.macro LEAVE name
    popl %edi
    popl %ebp
    .cfi_def_cfa %esp, 4
    ret
    .cfi_endproc
    .size \name, . - \name
.endm

    .text

ENTER memcpy
    pushl %esi
    .cfi_offset %esi, -16
    movl %eax, %edi
    movl %edx, %esi
.Lforward:
    movl %ecx, %edx
    shrl $2, %ecx
    rep movsl
    movl %edx, %ecx
    andl $3, %ecx
    rep movsb
    popl %esi
LEAVE memcpy

ENTER memmove
    pushl %esi
    .cfi_offset %esi, -16
    movl %eax, %edi
    movl %edx, %esi
    subl %esi, %edi
    cmpl %ecx, %edi
    movl %eax, %edi
    jae .Lforward                   /* the destination is below the source, or behind its end */

    /* From the end downwards: the odd bytes first, then words, whose address is 3 below the last byte's. */
    leal -1(%edi,%ecx), %edi
    leal -1(%esi,%ecx), %esi
    movl %ecx, %edx
    std
    andl $3, %ecx
    rep movsb
    subl $3, %edi
    subl $3, %esi
    movl %edx, %ecx
    shrl $2, %ecx
    rep movsl
    cld
    popl %esi
LEAVE memmove

ENTER memset
    pushl %eax
    movl %eax, %edi
    movzbl %dl, %eax
    imull $0x01010101, %eax, %eax   /* the byte, four times */
    movl %ecx, %edx
    shrl $2, %ecx
    rep stosl
    movl %edx, %ecx
    andl $3, %ecx
    rep stosb
    popl %eax
LEAVE memset

    .section .note.GNU-stack, "", @progbits
