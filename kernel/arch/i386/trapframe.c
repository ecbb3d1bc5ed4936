/* SPDX-License-Identifier: MIT */
/*
 * trapframe - names of traps, printing a frame, and the frame that starts a program.
 */
#include "arch/i386/trapframe.h"

#include "arch/i386/cpu.h"
#include "dev/console.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"

static const char *const exception_names[TRAP_EXCEPTIONS] = {
    "Divide error",
    "Debug",
    "Non-Maskable Interrupt",
    "Breakpoint",
    "Overflow",
    "BOUND Range Exceeded",
    "Invalid Opcode",
    "Device Not Available",
    "Double Fault",
    "Coprocessor Segment Overrun",
    "Invalid TSS",
    "Segment Not Present",
    "Stack Fault",
    "General Protection",
    "Page Fault",
    "(unknown trap)",
    "x87 FPU Floating-Point Error",
    "Alignment Check",
    "Machine-Check",
    "SIMD Floating-Point Exception",
};

const char *trap_name(uint32_t vector)
{
    if (vector < TRAP_EXCEPTIONS)
        return exception_names[vector];
    if (vector == VECTOR_SYSCALL)
        return "System call";
    return vector >= VECTOR_IRQ && vector < VECTOR_IRQ + 16 ? "Hardware Interrupt" : "(unknown trap)";
}

static void print_flags(uint32_t eflags)
{
    static const char *const names[] = {"CF", NULL, "PF", NULL, "AF", NULL, "ZF", "SF", "TF",  "IF",  "DF",
                                        "OF", NULL, NULL, "NT", NULL, "RF", "VM", "AC", "VIF", "VIP", "ID"};
    char text[80];
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if ((eflags & BIT(i)) && names[i] != NULL)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%s,", names[i]);
    kprintf("  flag 0x%08x %sIOPL=%u\n", eflags, length > 0 ? text : "", (eflags >> 12) & 3);
}

void trap_print(const struct trapframe *tf)
{
    kprintf("trapframe at 0x%08x\n", (unsigned)(uintptr_t)tf);
    kprintf("  edi  0x%08x\n  esi  0x%08x\n  ebp  0x%08x\n  oesp 0x%08x\n", tf->edi, tf->esi, tf->ebp,
            tf->oesp);
    kprintf("  ebx  0x%08x\n  edx  0x%08x\n  ecx  0x%08x\n  eax  0x%08x\n", tf->ebx, tf->edx, tf->ecx,
            tf->eax);
    kprintf("  ds   0x----%04x\n  es   0x----%04x\n  fs   0x----%04x\n  gs   0x----%04x\n", tf->ds & 0xFFFF,
            tf->es & 0xFFFF, tf->fs & 0xFFFF, tf->gs & 0xFFFF);
    kprintf("  trap 0x%08x %s\n", tf->trapno, trap_name(tf->trapno));
    kprintf("  err  0x%08x\n  eip  0x%08x\n  cs   0x----%04x\n", tf->err, tf->eip, tf->cs & 0xFFFF);
    print_flags(tf->eflags);
    if (trap_from_user(tf))
        kprintf("  esp  0x%08x\n  ss   0x----%04x\n", tf->esp, tf->ss & 0xFFFF);
}

void trap_frame_user(struct trapframe *tf, uintptr_t entry, uintptr_t stack)
{
    /* LAB 1 begin: trap_frame_user */
    memset(tf, 0, sizeof(*tf));
    tf->cs = SEL_USER_TEXT;
    tf->ds = tf->es = tf->ss = SEL_USER_DATA;
    tf->eip = entry;
    tf->esp = stack;
    tf->eflags = EFLAGS_FIXED | EFLAGS_IF;
    /* LAB 1 end */
}

bool trap_frame_same_registers(const struct trapframe *a, const struct trapframe *b)
{
    uint32_t differ = (a->edi ^ b->edi) | (a->esi ^ b->esi) | (a->ebp ^ b->ebp) | (a->ebx ^ b->ebx) |
                      (a->edx ^ b->edx) | (a->ecx ^ b->ecx);
    return differ == 0 && a->eflags == b->eflags && a->ds == b->ds && a->ss == b->ss;
}

bool trap_frame_complete(const struct trapframe *tf)
{
    bool segments =
        tf->cs == SEL_USER_TEXT && tf->ss == SEL_USER_DATA && tf->ds == tf->ss && tf->es == tf->ss;
    uint32_t left = tf->edi | tf->esi | tf->ebp | tf->ebx | tf->edx | tf->ecx | tf->eax | tf->gs | tf->fs;
    return segments && left == 0 && (tf->eflags & EFLAGS_IF) != 0;
}
