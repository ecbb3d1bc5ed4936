/* SPDX-License-Identifier: MIT */
/*
 * string.S - memcpy, memmove and memset with the string instructions.
 *
 * C cannot express `rep movsl`, and moving words takes a quarter of the steps of moving bytes.
 * The direction flag is clear at every call (SysV i386 ABI); memmove sets it temporarily, and
 * trap entry clears it if an interrupt arrives meanwhile.
 *
 * Arguments are in registers (convention.h): eax the destination, which is also the result; edx the source,
 * or the byte to store; ecx the number of bytes. Instrumented code passes them on the stack.
 */
#include "arch/i386/function.inc"
#include "config.h"

.macro ENTER name
    FUNCTION \name
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
    END_FUNCTION \name
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
    jae .Lforward                   /* the destination is below the source or after its end */

    /* From the end downwards: the odd bytes first, then words; a word's address is 3 below its last byte. */
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
