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
 * bytes. Returns the number of bytes copied, n if there was no NUL, or the error of the fault.
 *
 * Bytes are copied until the source is aligned, then words: an aligned word lies in one page, so reading it
 * cannot fault unless reading its first byte does. Up to three bytes after the NUL may be copied too, but no
 * more than n bytes. */
#define ONES 0x01010101
#define HIGHS 0x80808080

        .globl usercopy_string
usercopy_string:
        pushl %esi
        pushl %edi
        pushl %ebx
        pushl %eax
        movl %eax, %edi
        movl %edx, %esi
        USER_OPEN
        jecxz 8f
1:      testl $3, %esi
        jz 3f
2:      lodsb                           /* until the source is aligned, and for what is left at the end */
        stosb
        decl %ecx
        jz 8f
        testb %al, %al
        jnz 1b
        jmp 8f
3:      subl $4, %ecx
        jb 6f
4:      lodsl
        stosl
        leal -ONES(%eax), %ebx          /* a byte's high bit is set if it was 0, or above 0x80 */
        testl $HIGHS, %ebx
        jnz 5f
        subl $4, %ecx
        jae 4b
        jmp 6f
5:      notl %eax
        andl $HIGHS, %eax
        andl %eax, %ebx                 /* the bytes above 0x80 are out; the lowest bit left is the NUL's */
        jz 7f
        bsfl %ebx, %ebx
        shrl $3, %ebx
        leal -3(%edi, %ebx), %edi       /* one after the NUL */
        jmp 8f
7:      subl $4, %ecx
        jae 4b
6:      addl $4, %ecx
        jnz 2b
8:      movl %edi, %eax
        subl (%esp), %eax
10:     USER_CLOSE
        popl %edx
        popl %ebx
        popl %edi
        popl %esi
        ret
        FIXUP 2b, 10b
        FIXUP 4b, 10b

        .section .note.GNU-stack, "", @progbits
