/* SPDX-License-Identifier: MIT */
/*
 * boot - from the Multiboot loader to C (Multiboot 0.6.96, 3.1 and 3.2).
 *
 * The loader enters in 32-bit protected mode without paging, at the physical address; eax holds its
 * magic number and ebx the physical address of the Multiboot information. If not all of the kernel fits
 * into memory, or the CPU lacks a feature that the compiler or mmu.c needs, the boot stops with a message.
 *
 * The first page directory is kernel_pgdir itself: 4 MiB pages over all linear memory, regardless of what
 * is installed, and the first 4 MiB a second time at 0, where this code runs. mmu_init() removes the excess.
 */
#include "arch/i386/vectors.h"
#include "config.h"

#define PHYS(symbol) ((symbol) - 0xC0000000)
#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x3             /* modules page-aligned, memory information wanted */
#define MULTIBOOT_LOADER 0x2BADB002
#define MULTIBOOT_INFO_MEMORY 0x1       /* in the first word of the information: the size is given */
#define MULTIBOOT_MEM_UPPER 8           /* offset of the number of KiB above 1 MiB */
#define PAGE_RW 0x3                     /* present, writable */
#define SHADOW_DIRECTORY_ENTRIES 32     /* 128 MiB */
#define LARGE_PAGE_RW 0x83              /* present, writable, 4 MiB */
#define LINEAR_DIRECTORY_ENTRIES 224    /* 896 MiB */
#define COM1 0x3f8
#define DEBUG_EXIT 0xf4
#define PIIX4_PM1A_CONTROL 0x604        /* see power.c */
#define BOCHS_PM1A_CONTROL 0xb004
#define SLP_EN 0x2000
#define LOOKS_MAX 10000000              /* see uart.c */
#define TEXT_MEMORY 0xb8000
#define TEXT_ROW_BYTES 160
#define EXIT_PANIC 0x12

/* CPUID leaf 1, edx */
#define CPUID_NEEDED ((1 << 0) | (1 << 3) | (1 << 4) | (1 << 15)) /* FPU, PSE, TSC, CMOV */
#define EFLAGS_ID 0x00200000
#define EFLAGS_FIXED 0x2
#define CR4_PSE 0x10
#define CR0_PAGED 0x80010011            /* PG, WP, ET, PE: cpu_init() sets the others */

        .section .boot, "ax"
        .align 4
multiboot_header:
        .long MULTIBOOT_MAGIC
        .long MULTIBOOT_FLAGS
        .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

        .globl boot_entry
boot_entry:
        cli
        cld
        movl $not_multiboot, %esi
        cmpl $MULTIBOOT_LOADER, %eax
        jne boot_fail

        testl $MULTIBOOT_INFO_MEMORY, (%ebx)
        jz 1f                           /* size unknown: assume that it fits */
        movl $does_not_fit, %esi
        movl MULTIBOOT_MEM_UPPER(%ebx), %eax
        shll $10, %eax
        addl $0x100000, %eax
        cmpl $PHYS(kernel_end), %eax
        jb boot_fail

1:      movl $PHYS(boot_stack_top), %esp
        pushl $EFLAGS_FIXED             /* of the loader's flags none stays: with NT, iret would switch tasks */
        popfl
        xorl %eax, %eax
        movl %eax, %dr7                 /* nor does a breakpoint */
        movl %ebx, %ebp                 /* cpuid overwrites ebx */
        movl $cpu_too_old, %esi
        pushfl
        popl %eax
        movl %eax, %ecx
        xorl $EFLAGS_ID, %eax           /* a CPU with cpuid lets this flag be changed */
        pushl %eax
        popfl
        pushfl
        popl %eax
        xorl %ecx, %eax
        testl $EFLAGS_ID, %eax
        jz boot_fail
        movl $1, %eax
        cpuid
        andl $CPUID_NEEDED, %edx
        cmpl $CPUID_NEEDED, %edx
        jne boot_fail

        movl $PHYS(kernel_pgdir), %edi
        movl $LARGE_PAGE_RW, %eax
        movl %eax, (%edi)
        addl $(0xC0000000 >> 20), %edi
        movl $LINEAR_DIRECTORY_ENTRIES, %ecx
1:      stosl
        addl $0x400000, %eax
        loop 1b

#if CONFIG_KASAN
        movl $PHYS(kernel_pgdir) + (0xB8000000 >> 20), %edi /* one page for all of the shadow, see shadow.h */
        movl $PHYS(early_shadow_table) + PAGE_RW, %eax
        movl $SHADOW_DIRECTORY_ENTRIES, %ecx
        rep stosl
        movl $PHYS(early_shadow_table), %edi
        movl $PHYS(early_shadow) + PAGE_RW, %eax
        movl $1024, %ecx
        rep stosl
#endif
        movl $CR4_PSE, %eax             /* the loader may have set any other bit, PAE too: 3.2 leaves CR4 open */
        movl %eax, %cr4
        movl $PHYS(kernel_pgdir), %eax
        movl %eax, %cr3
        movl $CR0_PAGED, %eax
        movl %eax, %cr0

        movl $boot_stack_top, %esp
        movl %ebp, %eax                 /* argument: address of the Multiboot information */
        xorl %ebp, %ebp                 /* backtraces end here */
        pushl $0                        /* return address: kmain does not return */
        movl $kmain, %edx
        jmp *%edx

/* Print the message at esi on COM1, and on the screen if the machine shows text, and power off with the status of
 * a panic, like power.c; or say that the machine stays on. A line that takes nothing is waited for once. */
boot_fail:
        movl $TEXT_MEMORY, %edi
        movl $LOOKS_MAX, %ecx
        movw $(COM1 + 3), %dx
        movb $3, %al                    /* 8 bits, no parity */
        outb %al, %dx
1:      lodsb
        testb %al, %al
        jz 3f
        movb %al, %ah
        cmpb $' ', %al
        jb 4f
        movb %al, (%edi)
        addl $2, %edi                   /* the attributes stay */
4:
        movw $(COM1 + 5), %dx
2:      inb %dx, %al
        testb $0x20, %al                /* room in the transmitter */
        loopz 2b
        jz 6f
        movb %ah, %al
        movw $COM1, %dx
        outb %al, %dx
6:      incl %ecx                       /* the next byte has one look at least */
        jmp 1b

3:      movb $EXIT_PANIC, %al
        outb %al, $DEBUG_EXIT
        movw $PIIX4_PM1A_CONTROL, %dx
        inw %dx, %ax
        cmpw $0xffff, %ax               /* no device */
        jne 7f
        movw $BOCHS_PM1A_CONTROL, %dx
        inw %dx, %ax
        cmpw $0xffff, %ax
        jne 7f
        cmpl $messages_end, %esi
        je 5f                           /* it has been said */
        movl $stays_on, %esi
        movl $TEXT_MEMORY + 2 * TEXT_ROW_BYTES, %edi
        jmp 1b
7:      movw $SLP_EN, %ax
        outw %ax, %dx
5:      hlt
        jmp 5b

not_multiboot:
        .asciz "ucow: not started by a Multiboot loader: use qemu-system-i386 -kernel, or GRUB's multiboot command\r\n"
does_not_fit:
        .ascii "ucow: the kernel and its programs do not fit into this machine's memory: give it at least "
        .byte '0' + memory_needed_mib
        .asciz " MiB\r\n"
cpu_too_old:
        .asciz "ucow: this CPU lacks one of FPU, 4 MiB pages (PSE), TSC, CMOV: use -cpu qemu32, pentium3 or newer\r\n"
stays_on:
        .ascii "this machine cannot be switched off by software: end it from outside (QEMU switches off "
        .asciz "with -device isa-debug-exit,iobase=0xf4,iosize=0x04)\r\n"
messages_end:

/* The boot stack, later idle's, above a guard page that mmu_init() unmaps. */
        .section .bss
        .globl boot_stack_guard, boot_stack, boot_stack_top
        .align 4096
boot_stack_guard:
        .skip 4096
boot_stack:
        .skip CONFIG_KSTACK_PAGES * 4096
boot_stack_top:

#if CONFIG_KASAN
        .globl early_shadow, early_shadow_table
early_shadow:
        .skip 4096
early_shadow_table:
        .skip 4096
#endif

        .section .note.GNU-stack, "", @progbits
