/* SPDX-License-Identifier: MIT */
/*
 * cpu - detects the features of the CPU and enables its protections.
 */
#include "arch/i386/cpu.h"

/* CPUID leaf 1, edx, and leaf 7, ebx and ecx */
#define LEAF1_SYSENTER (1u << 11)
#define LEAF1_FXSR (1u << 24)
#define LEAF1_SSE (1u << 25)
#define LEAF7_SMEP (1u << 7)
#define LEAF7_SMAP (1u << 20)
#define LEAF7_ECX_UMIP (1u << 2)

#define MSR_SYSENTER_CS 0x174

struct cpu_features cpu_features;

static void set_up_features(void)
{
    uint32_t leaf1 = cpu_cpuid(1, 0).edx;
    if (leaf1 & LEAF1_SYSENTER)
        cpu_wrmsr(MSR_SYSENTER_CS, 0); /* sysenter traps, whatever the loader set */
    cpu_features.fxsr = (leaf1 & LEAF1_FXSR) != 0;
    cpu_features.sse = cpu_features.fxsr && (leaf1 & LEAF1_SSE) != 0;

    if (cpu_cpuid(0, 0).eax < 7)
        return; /* older CPUs return another leaf's data for leaf 7 */
    struct cpuid_result leaf7 = cpu_cpuid(7, 0);
    cpu_features.smep = (leaf7.ebx & LEAF7_SMEP) != 0;
    cpu_features.smap = (leaf7.ebx & LEAF7_SMAP) != 0;
    cpu_features.umip = (leaf7.ecx & LEAF7_ECX_UMIP) != 0;
}

void cpu_init(void)
{
    set_up_features();
    uint32_t cr4 = cpu_read_cr4();
    cr4 |= cpu_features.fxsr ? CR4_OSFXSR : 0;
    cr4 |= cpu_features.sse ? CR4_OSXMMEXCPT : 0;
    cr4 |= cpu_features.smep ? CR4_SMEP : 0;
    cr4 |= cpu_features.smap ? CR4_SMAP : 0;
    cr4 |= cpu_features.umip ? CR4_UMIP : 0;
    cpu_write_cr4(cr4);
    cpu_write_cr0((cpu_read_cr0() & ~CR0_EM) | CR0_WP | CR0_MP | CR0_NE | CR0_TS);
}
