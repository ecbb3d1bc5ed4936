/* SPDX-License-Identifier: MIT */
/*
 * linear - physical memory on the host: an array that begins at physical address 0.
 */
#ifndef ARCH_LINEAR_H
#define ARCH_LINEAR_H

#include <stdint.h>

#include <ucow/abi.h>

#define KERNBASE 0xC0000000u
#define KMEMSIZE 0x38000000u

typedef uint32_t paddr_t;

extern uint8_t host_memory[]; /* host_kernel.h */

static inline void *phys_to_virt(paddr_t pa)
{
    return host_memory + pa;
}

static inline paddr_t virt_to_phys(const void *va)
{
    return (paddr_t)((const uint8_t *)va - host_memory);
}

#endif
