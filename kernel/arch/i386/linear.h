/* SPDX-License-Identifier: MIT */
/*
 * linear - the linear map: physical memory from 0 on, mapped at KERNBASE.
 *
 * It covers the first KMEMSIZE bytes of physical memory; memory above that is not used.
 */
#ifndef ARCH_LINEAR_H
#define ARCH_LINEAR_H

#include <stdint.h>

#include <ucow/abi.h>

#define KERNBASE 0xC0000000u
#define KMEMSIZE 0x38000000u

typedef uint32_t paddr_t;

static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(uintptr_t)(pa + KERNBASE);
}

static inline paddr_t virt_to_phys(const void *va)
{
    return (paddr_t)(uintptr_t)va - KERNBASE;
}

#endif
