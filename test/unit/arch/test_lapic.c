/* SPDX-License-Identifier: MIT */
/*
 * lapic.c: which registers of the local APIC are written, and when they are left alone. lapic_registers.h
 * says where they are.
 */
#include "arch/i386/lapic.h"

#include "journal.h"

#define HAS_APIC (1u << 9) /* CPUID leaf 1, edx */
#define ENABLED 0x800u     /* IA32_APIC_BASE, Intel SDM vol. 3A, 10.4.4 and 10.12.1 */
#define X2APIC 0x400u
#define BOOT_CPU 0x100u
#define USUAL_BASE 0xFEE00000u

#define UNTOUCHED 0xA5A5A5A5u /* no register has this value */

uint8_t host_memory[1];
uint32_t host_cr3, host_registers[1024];

static uint32_t leaf1_edx;
static uint64_t apic_base;
static uint32_t written[1024]; /* the registers when they are unmapped */

void host_tlb_forget(uintptr_t va)
{
    (void)va;
}

void host_tlb_forget_all(void)
{
}

/* Everything but edx of leaf 1 is a trap. */
struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    if (leaf != 1)
        return (struct cpuid_result){UINT32_MAX, UINT32_MAX, UINT32_MAX, ~leaf1_edx};
    CHECK_EQ(subleaf, 0);
    return (struct cpuid_result){~leaf1_edx, ~leaf1_edx, ~leaf1_edx, leaf1_edx};
}

uint64_t cpu_rdmsr(uint32_t msr)
{
    CHECK_EQ(msr, 0x1B); /* IA32_APIC_BASE: any other might not exist */
    note("rdmsr");
    return apic_base;
}

void mmu_kva_map_device(uintptr_t va, paddr_t frame)
{
    CHECK_EQ(va, (uintptr_t)host_registers);
    note("map %x", frame);
    for (size_t i = 0; i < 1024; i++)
        CHECK_EQ(host_registers[i], UNTOUCHED);
}

void mmu_kva_unmap(uintptr_t va)
{
    CHECK_EQ(va, (uintptr_t)host_registers);
    note("unmap");
    memcpy(written, host_registers, sizeof(written));
}

static void boots(uint32_t edx, uint64_t base)
{
    journal_clear();
    for (size_t i = 0; i < 1024; i++)
        written[i] = host_registers[i] = UNTOUCHED;
    leaf1_edx = edx;
    apic_base = base;
    lapic_init();
    CHECK_EQ(memcmp(written, host_registers, sizeof(written)), 0); /* written while they were mapped */
}

/* Intel SDM vol. 3A: table 10-1, and figures 10-8 and 10-23. The pins are fixed neither to a vector nor
 * masked (bit 16). */
TEST(the_pins_become_wires_of_the_pic_and_the_nmi)
{
    boots(HAS_APIC, USUAL_BASE | BOOT_CPU | ENABLED);
    CHECK_STEPS("rdmsr", "map fee00000", "unmap");
    for (size_t i = 0; i < 1024; i++)
        CHECK_EQ(written[i], i * 4 == 0x0F0   ? 0x1FF /* enabled, vector 255 */
                             : i * 4 == 0x350 ? 0x700 /* LINT0 delivers what the PIC sends */
                             : i * 4 == 0x360 ? 0x400 /* LINT1 delivers NMIs */
                                              : UNTOUCHED);
}

TEST(the_registers_are_where_the_firmware_put_them)
{
    boots(HAS_APIC | 1, 0xFFFFF000u | BOOT_CPU | ENABLED);
    CHECK_STEPS("rdmsr", "map fffff000", "unmap");
}

/* The register that says so is a fault on such a CPU. */
TEST(a_cpu_without_a_local_apic_is_not_asked_where_it_is)
{
    boots(~HAS_APIC, USUAL_BASE | ENABLED);
    CHECK_STR_EQ(journal, "");
    boots(0, USUAL_BASE | ENABLED);
    CHECK_STR_EQ(journal, "");
}

TEST(a_local_apic_that_is_off_or_out_of_reach_is_left_alone)
{
    static const uint64_t bases[] = {
        USUAL_BASE | BOOT_CPU,                    /* off */
        USUAL_BASE | BOOT_CPU | ENABLED | X2APIC, /* its registers are MSRs */
        USUAL_BASE | BOOT_CPU | X2APIC,           /* reserved */
        1ull << 32 | USUAL_BASE | ENABLED,        /* above 4 GiB */
        1ull << 51 | USUAL_BASE | BOOT_CPU | ENABLED,
    };
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        boots(HAS_APIC, bases[i]);
        CHECK_STEPS("rdmsr");
    }
}
