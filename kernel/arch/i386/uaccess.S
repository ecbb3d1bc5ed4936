/*
 * usercopy - the only instructions of the kernel that touch user memory.
 *
 * Each has an entry in the fixup table: when it faults and the fault cannot be served, trap.c puts
 * the error into eax and goes on at the entry's second address. Where
 * the CPU has SMAP, the door is open only here. The address range has been checked by usercopy.c.
 * Arguments come in eax, edx, ecx (convention.h).
 */
#include "arch/i386/vectors.h"

        .macro FIXUP from, to
        .pushsection .fixups, "a"
        .long \from, \to
        .popsection
        .endm

        .macro USER_OPEN                /* stac, where the CPU has it */
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

/* int usercopy_bytes(void *to, const void *from, size_t n): 0, or the error of the fault. */
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

/* int usercopy_string(char *to, const char *from, size_t n): copies up to and with a NUL, at most n
 * bytes; the number of bytes copied, n when there was no NUL among them, or the error of the fault. */
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
