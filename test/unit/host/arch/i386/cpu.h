/* SPDX-License-Identifier: MIT */
/*
 * cpu - the CPU functions that page tables and locks need, on the host: CR3, TLB flushes, and the interrupt
 * flag.
 *
 * host_mm.h implements the TLB. A test that needs the interrupt flag defines host_interrupts_on.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arch/i386/vectors.h"
#include "lib/util.h"

extern uint32_t host_cr3;

extern bool host_interrupts_on;

void host_tlb_forget(uintptr_t va);
void host_tlb_forget_all(void);

static inline uint32_t cpu_read_cr3(void)
{
    return host_cr3;
}

static inline void cpu_write_cr3(uint32_t value)
{
    host_cr3 = value;
    host_tlb_forget_all();
}

static inline void cpu_invlpg(uintptr_t va)
{
    host_tlb_forget(va);
}

/* A kernel that forgets to clear pages. */
extern bool host_clears_nothing __attribute__((weak)); /* a test that needs it defines it */

static inline void cpu_clear_page(void *to)
{
    if (&host_clears_nothing == NULL || !host_clears_nothing)
        memset(to, 0, 4096);
}

static inline void cpu_copy_page(void *to, const void *from)
{
    memcpy(to, from, 4096);
}

static inline void cpu_fill_words(uint32_t *at, uint32_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = value;
}

static inline void cpu_compiler_barrier(void)
{
}

static inline void *cpu_one_register(void *address)
{
    return address;
}

static inline size_t cpu_count_words(const uint32_t *at, uint32_t value, size_t n)
{
    size_t equal = 0;
    while (equal < n && at[equal] == value)
        equal++;
    return equal;
}

/* As in the kernel's header. */
#define CR0_MP 0x00000002u
#define CR0_EM 0x00000004u
#define CR0_TS 0x00000008u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR4_OSFXSR 0x00000200u
#define CR4_OSXMMEXCPT 0x00000400u
#define CR4_UMIP 0x00000800u
#define CR4_SMEP 0x00100000u
#define CR4_SMAP 0x00200000u

#define EFLAGS_IF 1u
#define EFLAGS_FIXED 2u

static inline uint32_t cpu_eflags(void)
{
    return host_interrupts_on ? EFLAGS_IF : 0;
}

/* Only a test advances the time stamp counter, and cpu_here() returns the caller's return address. */
extern uint32_t host_tsc __attribute__((weak)); /* a test that needs it defines it */

static inline uint32_t cpu_tsc_low(void)
{
    return &host_tsc != NULL ? host_tsc : 0;
}

/* A test that needs one of these defines it. */
struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};
struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t cpu_tsc(void);
void cpu_loop(uint32_t rounds);
uint32_t cpu_read_cr0(void), cpu_read_cr2(void), cpu_read_cr4(void);
void cpu_write_cr0(uint32_t value), cpu_write_cr4(uint32_t value);
uint64_t cpu_rdmsr(uint32_t msr);
void cpu_wrmsr(uint32_t msr, uint64_t value);
struct descriptor_table {
    uint16_t limit;
    uint32_t base;
};
void cpu_init(void);
void cpu_lidt(const struct descriptor_table *table), cpu_lgdt(const struct descriptor_table *table);
void cpu_ltr(uint16_t selector);
void cpu_lldt_none(void);
void cpu_load_segments(uint16_t code, uint16_t data);
void cpu_clear_fs_gs(void);
void cpu_clts(void);
void cpu_fninit(void);
void cpu_fxsave(void *area), cpu_fnsave(void *area);
void cpu_fxrstor(const void *area), cpu_frstor(const void *area);
struct cpu_features {
    uint8_t fxsr, sse, smep, smap, umip;
};
extern struct cpu_features cpu_features;
void cpu_init(void);

static inline uintptr_t cpu_here(void)
{
    return (uintptr_t)__builtin_return_address(0);
}

static inline void cpu_store_here(uintptr_t *where)
{
    *where = cpu_here();
}

static inline bool cpu_irq_enabled(void)
{
    return host_interrupts_on;
}

static inline uint32_t cpu_irq_save(void)
{
    bool were_on = host_interrupts_on;
    host_interrupts_on = false;
    return were_on;
}

static inline void cpu_irq_restore(uint32_t were_on)
{
    if (were_on)
        host_interrupts_on = true;
}

static inline void cpu_cli(void)
{
    host_interrupts_on = false;
}

/* For a test to define: it need not return. */
void cpu_hlt(void);

static inline void cpu_sti(void)
{
    host_interrupts_on = true;
}

extern unsigned host_halts __attribute__((weak)); /* a test that counts them defines it */

static inline void cpu_sti_hlt(void)
{
    cpu_sti();
    if (&host_halts != NULL)
        host_halts++;
}

static inline uintptr_t cpu_frame_pointer(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

#endif
