/* SPDX-License-Identifier: MIT */
/*
 * host_sched - what files of kernel/proc need from the rest of the kernel: a CPU, sched_lock, and the symbols
 * that lock checks use (test_locks.c tests those). Included by one file of a program.
 */
#ifndef HOST_SCHED_H
#define HOST_SCHED_H

#define sched_yield ucow_sched_yield /* as rename.h does */

#include "proc/sched.h"
#include "unit.h"

struct cpu boot_cpu;
struct spinlock sched_lock = SPINLOCK_IRQ("sched");
uint32_t peak_irq_off_max = UINT32_MAX;
bool host_interrupts_on = true;

int trace_pid(void)
{
    return current == NULL ? 0 : current->pid;
}

void kprintf(const char *format, ...)
{
    (void)format;
}

void backtrace_print_caller(uintptr_t address)
{
    (void)address;
}

void peak_irq_off_raise(uint32_t tsc, uintptr_t caller)
{
    (void)tsc, (void)caller;
}

#endif
