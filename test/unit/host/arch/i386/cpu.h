/*
 * cpu - what page tables need of a CPU, on the host: cr3, and a TLB that can be told to forget.
 *
 * The TLB is host_mm.h's.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

extern uint32_t host_cr3;

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

#endif
