/* SPDX-License-Identifier: MIT */
/*
 * lapic - the CPU's local APIC, which stands between the PIC and the CPU.
 */
#ifndef ARCH_LAPIC_H
#define ARCH_LAPIC_H

/* Put the local APIC into virtual wire mode: interrupts of the PIC and NMIs reach this CPU. Does nothing if
 * there is no local APIC, or if the firmware turned it off. Call once, interrupts off, after mmu_init(). */
void lapic_init(void);

#endif
