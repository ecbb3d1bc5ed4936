/* SPDX-License-Identifier: MIT */
/*
 * trapflags - each exception that a program can raise ends that process only (D02, D13).
 */
#include "check.h"

/* Define a function of a few instructions for the table below. */
#define RAISE(name, code)                                   \
    static int name(void *arg)                              \
    {                                                       \
        (void)arg;                                          \
        __asm__ volatile(code : : : "eax", "cc", "memory"); \
        return 0;                                           \
    }

RAISE(divide, "xorl %%eax, %%eax; divl %%eax")
RAISE(single_step, "pushfl; orl $0x100, (%%esp); popfl; nop; nop")
RAISE(icebp, ".byte 0xf1")
RAISE(breakpoint, "int3")
RAISE(overflow, "movl $0x7fffffff, %%eax; incl %%eax; into")
RAISE(bound, "pushl $1; pushl $0; movl $9, %%eax; bound %%eax, (%%esp); addl $8, %%esp")
RAISE(undefined, "ud2")
RAISE(double_fault, "int $8")
RAISE(bad_stack, "movl $0x28, %%eax; movw %%ax, %%ss")
RAISE(timer, "int $0x20")
RAISE(spurious, "int $0x27")
RAISE(unused, "int $0xff")
RAISE(nmi, "int $2")
RAISE(read_cr3, "movl %%cr3, %%eax")
RAISE(write_cr0, "xorl %%eax, %%eax; movl %%eax, %%cr0")
RAISE(load_idt, "subl $8, %%esp; lidtl (%%esp)")
RAISE(far_jump, "ljmpl $0x08, $0xC0100000")
RAISE(far_return, "pushl $0x08; pushl $0xC0100000; lretl")

int main(void)
{
    static const struct {
        const char *name;
        int (*raise)(void *arg);
    } traps[] = {
        {"division by zero", divide},
        {"single step", single_step},
        {"icebp", icebp},
        {"breakpoint", breakpoint},
        {"overflow", overflow},
        {"bound", bound},
        {"undefined opcode", undefined},
        {"int 8", double_fault},
        {"system segment as stack", bad_stack},
        {"int of the timer", timer},
        {"int of irq 7", spurious},
        {"int 255", unused},
        {"int 2", nmi},
        {"read of cr3", read_cr3},
        {"write of cr0", write_cr0},
        {"lidt", load_idt},
        {"jump to kernel code", far_jump},
        {"return to kernel code", far_return},
    };
    for (size_t i = 0; i < ARRAY_SIZE(traps); i++)
        CHECK(child_code(traps[i].raise, NULL), -E_KILLED, "%s", traps[i].name);
    return pass();
}
