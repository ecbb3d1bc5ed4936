/* SPDX-License-Identifier: MIT */
/*
 * cpu - one wrapper for each machine instruction that C cannot express, and the features of the CPU.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/convention.h"
#include "arch/i386/vectors.h"
#include "lib/util.h"

/* EFLAGS, Intel SDM vol. 1, 3.4.3 */
#define EFLAGS_FIXED 0x00000002u /* always 1 */
#define EFLAGS_IF 0x00000200u

/* CR0 and CR4, Intel SDM vol. 3A, 2.5 */
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

/* What cpu_init() detected; set once. Bytes, 0 or 1, because assembler reads them, too. */
struct cpu_features {
    uint8_t fxsr;
    uint8_t sse;
    uint8_t smep;
    uint8_t smap;
    uint8_t umip;
};
extern struct cpu_features cpu_features;
_Static_assert(offsetof(struct cpu_features, smap) == CPU_FEATURES_SMAP, "uaccess.S");

/* Detect the features of the CPU and enable its protections (WP, SMEP, SMAP, UMIP). */
void cpu_init(void);

/* Memory is written in the order of the source here. */
static inline void cpu_compiler_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Returns `address`, in one register: the compiler does not compute it again at each use. */
static inline void *cpu_one_register(void *address)
{
    __asm__("" : "+r"(address));
    return address;
}

static inline void cpu_cli(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline void cpu_sti(void)
{
    __asm__ volatile("sti" ::: "memory");
}

/* Enable interrupts and halt until one arrives. No interrupt is served between the two instructions. */
static inline void cpu_sti_hlt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

static inline void cpu_hlt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}

static inline uint32_t cpu_eflags(void)
{
    uint32_t eflags;
    __asm__ volatile("pushfl; popl %0" : "=r"(eflags)::"memory");
    return eflags;
}

/* Disable interrupts. Returns the flags for cpu_irq_restore(). */
static inline uint32_t cpu_irq_save(void)
{
    uint32_t eflags = cpu_eflags();
    cpu_cli();
    return eflags;
}

static inline void cpu_irq_restore(uint32_t eflags)
{
    if (eflags & EFLAGS_IF)
        cpu_sti();
}

static inline bool cpu_irq_enabled(void)
{
    return (cpu_eflags() & EFLAGS_IF) != 0;
}

static inline uint32_t cpu_read_cr0(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr0(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr0" ::"r"(value) : "memory");
}

/* The address of the last page fault. */
static inline uint32_t cpu_read_cr2(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint32_t cpu_read_cr3(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}

/* Change the page directory; flushes the TLB. */
static inline void cpu_write_cr3(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr3" ::"r"(value) : "memory");
}

static inline uint32_t cpu_read_cr4(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr4(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr4" ::"r"(value) : "memory");
}

/* Flush the translation of one page. */
static inline void cpu_invlpg(uintptr_t va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void cpu_clts(void)
{
    __asm__ volatile("clts");
}

/* page_bytes.S: the CPU has SSE, and cpu_init() has enabled it. */
ASM_CALL void page_clear_sse(void *to);
ASM_CALL void page_copy_sse(void *to, const void *from);

/* Clear or copy the 4096 bytes of a page; addresses are page-aligned. */
static inline void cpu_clear_page(void *to)
{
    if (cpu_features.sse) {
        page_clear_sse(to);
        return;
    }
    uint32_t words = 1024;
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
}

static inline void cpu_copy_page(void *to, const void *from)
{
    if (cpu_features.sse) {
        page_copy_sse(to, from);
        return;
    }
    uint32_t words = 1024;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}

/* Store `value` into `n` words. */
static inline void cpu_fill_words(uint32_t *to, uint32_t value, size_t n)
{
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

/* The number of words, at most `n`, at the start of `at` that equal `value`. */
static inline size_t cpu_count_words(const uint32_t *at, uint32_t value, size_t n)
{
    const uint32_t *end = at;
    size_t left = n;
    bool different;
    __asm__ volatile("cmpl %%eax, %%eax; repe scasl"
                     : "+D"(end), "+c"(left), "=@ccne"(different)
                     : "a"(value)
                     : "memory");
    return (size_t)(end - at) - different;
}

/* Execute 2 * `rounds` instructions; rounds > 0. */
static inline void cpu_loop(uint32_t rounds)
{
    __asm__ volatile("1: decl %0; jnz 1b" : "+r"(rounds)::"cc");
}

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t cpu_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

/* The lower half of the time stamp counter: enough for intervals below a second. */
static inline uint32_t cpu_tsc_low(void)
{
    uint32_t low;
    __asm__ volatile("rdtsc" : "=a"(low)::"edx");
    return low;
}

/* The address of the code where this is inlined: returned, or stored at `where`. */
SITE_OF_CALLER uintptr_t cpu_here(void)
{
    uintptr_t here;
    __asm__ volatile("1: movl $1b, %0" : "=r"(here));
    return here;
}

SITE_OF_CALLER void cpu_store_here(uintptr_t *where)
{
    __asm__ volatile("1: movl $1b, %0" : "=m"(*where));
}

SITE_OF_CALLER uintptr_t cpu_frame_pointer(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

struct descriptor_table {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static inline void cpu_lidt(const struct descriptor_table *table)
{
    __asm__ volatile("lidt %0" ::"m"(*table));
}

static inline void cpu_lgdt(const struct descriptor_table *table)
{
    __asm__ volatile("lgdt %0" ::"m"(*table));
}

static inline void cpu_ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" ::"r"(selector));
}

/* Reload all segment registers: cs by a far return, the others by moves. */
static inline void cpu_load_segments(uint16_t code, uint16_t data)
{
    __asm__ volatile("pushl %0; pushl $1f; lret; 1: movw %w1, %%ds; movw %w1, %%es; movw %w1, %%ss; "
                     "movw %w2, %%fs; movw %w2, %%gs" ::"r"((uint32_t)code),
                     "r"(data), "r"((uint16_t)0)
                     : "memory");
}

/* Load null selectors into the two segment registers that the kernel does not use. */
static inline void cpu_clear_fs_gs(void)
{
    __asm__ volatile("movw %w0, %%fs\n\tmovw %w0, %%gs" : : "r"(0) : "memory");
}

/* No local descriptor table. */
static inline void cpu_lldt_none(void)
{
    __asm__ volatile("lldt %w0" ::"r"(0));
}

static inline void cpu_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t cpu_rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

/* FPU state in the format of the CPU: fxsave's 512 bytes (16-aligned), or fnsave's 108. */
static inline void cpu_fxsave(void *area)
{
    __asm__ volatile("fxsave (%0)" ::"r"(area) : "memory");
}

static inline void cpu_fxrstor(const void *area)
{
    __asm__ volatile("fxrstor (%0)" ::"r"(area) : "memory");
}

static inline void cpu_fnsave(void *area)
{
    __asm__ volatile("fnsave (%0)" ::"r"(area) : "memory");
}

static inline void cpu_frstor(const void *area)
{
    __asm__ volatile("frstor (%0)" ::"r"(area) : "memory");
}

static inline void cpu_fninit(void)
{
    __asm__ volatile("fninit");
}

#endif
