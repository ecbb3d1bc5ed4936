/* SPDX-License-Identifier: MIT */
/*
 * cpu.c: which features a CPU is believed to have, and what its control registers get.
 */
#include "arch/i386/cpu.h"

#include "journal.h"

/* The CPU, as Intel SDM vol. 2A, CPUID, describes it. */
static uint32_t max_leaf, leaf1_edx, leaf7_ebx, leaf7_ecx, cr0, cr4;

struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    CHECK_EQ(subleaf, 0);
    if (leaf == 0)
        return (struct cpuid_result){.eax = max_leaf, .ebx = ~0u, .ecx = ~0u, .edx = ~0u};
    if (leaf == 1)
        return (struct cpuid_result){~leaf1_edx, ~leaf1_edx, ~leaf1_edx, .edx = leaf1_edx};
    CHECK_EQ(leaf, 7);
    if (max_leaf < 7) /* another leaf's data */
        return (struct cpuid_result){~0u, ~0u, ~0u, ~0u};
    return (struct cpuid_result){.ebx = leaf7_ebx, .ecx = leaf7_ecx, .eax = ~0u, .edx = ~0u};
}

void cpu_wrmsr(uint32_t msr, uint64_t value)
{
    note("msr %x %llx", msr, (unsigned long long)value);
}

uint32_t cpu_read_cr0(void)
{
    return cr0;
}

uint32_t cpu_read_cr4(void)
{
    return cr4;
}

void cpu_write_cr0(uint32_t value)
{
    cr0 = value;
}

void cpu_write_cr4(uint32_t value)
{
    cr4 = value;
}

static void boots(uint32_t leaf, uint32_t edx, uint32_t ebx, uint32_t ecx)
{
    journal_clear();
    cpu_features = (struct cpu_features){0};
    max_leaf = leaf;
    leaf1_edx = edx;
    leaf7_ebx = ebx;
    leaf7_ecx = ecx;
    cr0 = 0x80000011; /* PG, ET, PE */
    cr4 = 0x10;       /* PSE */
    cpu_init();
}

#define SYSENTER (1u << 11)
#define FXSR (1u << 24)
#define SSE (1u << 25)
#define SMEP (1u << 7)
#define SMAP (1u << 20)
#define UMIP (1u << 2)

/* The bits of leaf 1 and leaf 7, and those of CR4 that follow: Intel SDM vol. 3A, 2.5. */
TEST(each_feature_sets_its_bit_of_cr4)
{
    static const struct {
        uint32_t leaf, edx, ebx, ecx, cr4;
        struct cpu_features features;
    } cpus[] = {
        {1, 0, 0, 0, 0, {0}},
        {1, FXSR, 0, 0, 1 << 9, {.fxsr = 1}},
        {1, FXSR | SSE, 0, 0, 1 << 9 | 1 << 10, {.fxsr = 1, .sse = 1}},
        {1, SSE, 0, 0, 0, {0}}, /* its registers could not be saved */
        {1, ~(FXSR | SSE), 0, 0, 0, {0}},
        {6, 0, SMEP | SMAP, UMIP, 0, {0}}, /* too old for leaf 7, whatever it returns */
        {7, 0, SMEP, 0, 1 << 20, {.smep = 1}},
        {7, 0, SMAP, 0, 1 << 21, {.smap = 1}},
        {7, 0, 0, UMIP, 1 << 11, {.umip = 1}},
        {7, 0, ~(SMEP | SMAP), ~UMIP, 0, {0}},
        {0x80, FXSR | SSE, SMEP | SMAP, UMIP, 0x300E00, {1, 1, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
        boots(cpus[i].leaf, cpus[i].edx, cpus[i].ebx, cpus[i].ecx);
        CHECK_EQ(cr4, 0x10 | cpus[i].cr4);
        CHECK_EQ(cpu_features.fxsr, cpus[i].features.fxsr);
        CHECK_EQ(cpu_features.sse, cpus[i].features.sse);
        CHECK_EQ(cpu_features.smep, cpus[i].features.smep);
        CHECK_EQ(cpu_features.smap, cpus[i].features.smap);
        CHECK_EQ(cpu_features.umip, cpus[i].features.umip);
    }
}

/* Read-only pages bind the kernel, too (WP); the FPU exists (not EM), reports its errors as exceptions (NE),
 * and traps at its first use, wait included (TS, MP). */
TEST(cr0_protects_pages_and_has_the_first_use_of_the_fpu_trap)
{
    boots(1, 0, 0, 0);
    CHECK_EQ(cr0, 0x80000011 | 1 << 16 | 1 << 5 | 1 << 3 | 1 << 1);
    cr0 = 0x80000011 | 1 << 2; /* EM */
    cpu_init();
    CHECK_EQ(cr0, 0x80000011 | 1 << 16 | 1 << 5 | 1 << 3 | 1 << 1);
}

/* A null code segment makes sysenter a fault; a CPU without it has no such register. */
TEST(sysenter_enters_nothing)
{
    boots(1, SYSENTER, 0, 0);
    CHECK_STEPS("msr 174 0");
    boots(1, ~SYSENTER, 0, 0);
    CHECK_STR_EQ(journal, "");
}
