/* SPDX-License-Identifier: MIT */
/*
 * lapic_registers - an array in place of the page where the local APIC's registers are mapped, which no
 * program of the host can have. Included before everything else.
 */
#ifndef LAPIC_REGISTERS_H
#define LAPIC_REGISTERS_H

#include "arch/i386/mmu.h"

extern uint32_t host_registers[1024];

#undef KVA_BASE
#define KVA_BASE ((uintptr_t)host_registers)

#endif
