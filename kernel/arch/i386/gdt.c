/* SPDX-License-Identifier: MIT */
/*
 * gdt - the descriptor tables of segments and tasks (Intel SDM vol. 3A, 3.4.5 and 8.2.2).
 */
#include "arch/i386/gdt.h"
#include "arch/i386/vectors.h"
#include "config.h"

#define ACCESS_PRESENT 0x80u
#define ACCESS_RING3 0x60u
#define ACCESS_CODE 0x1Au /* readable, not conforming */
#define ACCESS_DATA 0x12u /* writable */
#define ACCESS_TSS 0x09u
#define ACCESS_ACCESSED 0x01u
#define FLAGS_4K_32BIT 0xCu

struct tss cpu_tss;
static struct tss double_fault_tss;
_Alignas(16) static char double_fault_stack[(CONFIG_KSTACK_PAGES + 1) * PAGE_SIZE];
static uint64_t gdt[SEL_TLS / 8 + 1];

static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t access, uint32_t flags)
{
    uint64_t low = (limit & 0xFFFFu) | (base << 16);
    uint64_t high =
        ((base >> 16) & 0xFFu) | (access << 8) | (limit & 0xF0000u) | (flags << 20) | (base & 0xFF000000u);
    return low | (high << 32);
}

static uint64_t tss_descriptor(struct tss *tss)
{
    tss->io_map_base = sizeof(*tss); /* beyond the limit: ring 3 has no port */
    return descriptor((uint32_t)(uintptr_t)tss, sizeof(*tss) - 1, ACCESS_PRESENT | ACCESS_TSS, 0);
}

static void init_double_fault(void (*handler)(void))
{
    double_fault_tss.eip = (uint32_t)(uintptr_t)handler;
    double_fault_tss.esp = (uint32_t)(uintptr_t)(double_fault_stack + sizeof(double_fault_stack));
    double_fault_tss.eflags = EFLAGS_FIXED;
    double_fault_tss.cr3 = virt_to_phys(&kernel_pgdir);
    double_fault_tss.cs = SEL_KERNEL_TEXT;
    double_fault_tss.ds = double_fault_tss.es = double_fault_tss.ss = SEL_KERNEL_DATA;
}

uint64_t gdt_tls_descriptor(uint32_t base)
{
    return descriptor(base, 0xFFFFF, ACCESS_PRESENT | ACCESS_DATA | ACCESS_RING3 | ACCESS_ACCESSED,
                      FLAGS_4K_32BIT);
}

void gdt_set_tls(uint64_t descriptor)
{
    /* An interrupt of the kernel loads what it has saved: SEL_TLS goes before its descriptor. */
    if (descriptor == 0)
        cpu_clear_fs_gs();
    gdt[SEL_TLS / 8] = descriptor;
}

void gdt_init(void (*double_fault)(void))
{
    const uint32_t code = ACCESS_PRESENT | ACCESS_CODE, data = ACCESS_PRESENT | ACCESS_DATA;
    gdt[SEL_KERNEL_TEXT / 8] = descriptor(0, 0xFFFFF, code, FLAGS_4K_32BIT);
    gdt[SEL_KERNEL_DATA / 8] = descriptor(0, 0xFFFFF, data, FLAGS_4K_32BIT);
    gdt[SEL_USER_TEXT / 8] = descriptor(0, 0xFFFFF, code | ACCESS_RING3, FLAGS_4K_32BIT);
    gdt[SEL_USER_DATA / 8] = descriptor(0, 0xFFFFF, data | ACCESS_RING3, FLAGS_4K_32BIT);
    gdt[SEL_TSS / 8] = tss_descriptor(&cpu_tss);
    gdt[SEL_DOUBLE_FAULT_TSS / 8] = tss_descriptor(&double_fault_tss);
    init_double_fault(double_fault);

    const struct descriptor_table table = {sizeof(gdt) - 1, (uint32_t)(uintptr_t)gdt};
    cpu_lgdt(&table);
    cpu_load_segments(SEL_KERNEL_TEXT, SEL_KERNEL_DATA);
    cpu_tss.ss0 = SEL_KERNEL_DATA;
    cpu_ltr(SEL_TSS);
    cpu_lldt_none();
}
