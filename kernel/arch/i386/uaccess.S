/* SPDX-License-Identifier: MIT */
/*
 * uaccess - the only instructions of the kernel that access user memory.
 *
 * Each has an entry in the fixup table: if it faults and the fault cannot be resolved, trap.c puts
 * the error into eax and continues at the entry's second address. If the CPU has SMAP, user memory
 * is accessible only here. usercopy.c has checked the address range.
 * Arguments are in eax, edx, ecx (convention.h).
 */
#include "arch/i386/vectors.h"

        .macro FIXUP from, to
        .pushsection .fixups, "a"
        .long \from, \to
        .popsection
        .endm

        .macro USER_OPEN                /* stac, if the CPU has SMAP */
        cmpb $0, cpu_features + CPU_FEATURES_SMAP
        je 9f
        stac
9:
        .endm

        .macro USER_CLOSE
        cmpb $0, cpu_features + CPU_FEATURES_SMAP
        je 9f
        clac
9:
        .endm

        .text

/* int usercopy_bytes(void *to, const void *from, size_t n): returns 0, or the error of the fault. */
        .globl usercopy_bytes
usercopy_bytes:
        pushl %esi
        pushl %edi
        movl %eax, %edi
        movl %edx, %esi
        USER_OPEN
        movl %ecx, %edx
        shrl $2, %ecx
        andl $3, %edx
1:      rep movsl
        movl %edx, %ecx
2:      rep movsb
        xorl %eax, %eax
3:      USER_CLOSE
        popl %edi
        popl %esi
        ret
        FIXUP 1b, 3b
        FIXUP 2b, 3b

/* int usercopy_string(char *to, const char *from, size_t n): copies up to and including a NUL, at most n
 * bytes. Returns the number of bytes copied, n if there was no NUL, or the error of the fault. */
        .globl usercopy_string
usercopy_string:
        pushl %esi
        pushl %edi
        movl %eax, %edi
        movl %edx, %esi
        USER_OPEN
        xorl %edx, %edx
1:      cmpl %ecx, %edx
        jae 3f
2:      movb (%esi, %edx), %al
        movb %al, (%edi, %edx)
        incl %edx
        testb %al, %al
        jnz 1b
3:      movl %edx, %eax
4:      USER_CLOSE
        popl %edi
        popl %esi
        ret
        FIXUP 2b, 4b

        .section .note.GNU-stack, "", @progbits
