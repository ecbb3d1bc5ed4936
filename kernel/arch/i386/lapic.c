/* SPDX-License-Identifier: MIT */
/*
 * lapic - virtual wire mode, as in the Intel MultiProcessor Specification 1.4, 3.6.2.2.
 *
 * A local APIC that is enabled masks both of its pins after reset (Intel SDM vol. 3A, 10.4.7.1), and the PIC
 * is wired to one of them. PC firmware usually unmasks them; small firmware, such as qboot, leaves that to
 * the kernel.
 */
#include "arch/i386/lapic.h"

#include "arch/i386/cpu.h"
#include "arch/i386/mmu.h"

#define LEAF1_APIC (1u << 9) /* CPUID leaf 1, edx */

/* Intel SDM vol. 3A, 10.4.4 and 10.12.1 */
#define MSR_APIC_BASE 0x1B
#define APIC_BASE_X2APIC 0x400u
#define APIC_BASE_ENABLED 0x800u

/* Registers, as indices of 32-bit words: table 10-1; their fields: 10.5.1 and 10.9 */
#define SPURIOUS_VECTOR (0x0F0 / 4)
#define LVT_LINT0 (0x350 / 4)
#define LVT_LINT1 (0x360 / 4)
#define SOFTWARE_ENABLED 0x100u
#define DELIVER_NMI 0x400u
#define DELIVER_EXTINT 0x700u /* the vector comes from the PIC */

/* Where they are mapped while they are written: the guard page of the first kernel stack, unmapped otherwise.
 */
#define REGISTERS KVA_BASE

/* No handler acknowledges the spurious vector: 10.9 says that none must. */
static void set_virtual_wire(volatile uint32_t *registers)
{
    registers[SPURIOUS_VECTOR] = SOFTWARE_ENABLED | VECTOR_SPURIOUS;
    registers[LVT_LINT0] = DELIVER_EXTINT;
    registers[LVT_LINT1] = DELIVER_NMI;
}

void lapic_init(void)
{
    if (!(cpu_cpuid(1, 0).edx & LEAF1_APIC))
        return;
    uint64_t base = cpu_rdmsr(MSR_APIC_BASE);
    /* Disabled, the PIC's wire leads to the CPU. Registers of an x2APIC are MSRs, and firmware that chose
     * that mode set the pins up; above 4 GiB no address of ours reaches them. */
    if (!(base & APIC_BASE_ENABLED) || (base & APIC_BASE_X2APIC) || base >> 32 != 0)
        return;
    mmu_kva_map_device(REGISTERS, pte_frame((uint32_t)base));
    set_virtual_wire((volatile uint32_t *)REGISTERS);
    mmu_kva_unmap(REGISTERS);
}
