/* SPDX-License-Identifier: MIT */
/*
 * kcfi - the compiler checks the type of each function before an indirect call.
 */
#ifndef CHECK_KCFI_H
#define CHECK_KCFI_H

#include "arch/i386/trapframe.h"
#include "config.h"

/* Report the call that trapped. */
_Noreturn void kcfi_report(const struct trapframe *tf);

/* An exception in the kernel: a breakpoint instruction there is the compiler's, and reports. */
static inline void kcfi_trap(const struct trapframe *tf)
{
    if (CONFIG_KCFI && tf->trapno == VECTOR_BREAKPOINT && !trap_from_user(tf))
        kcfi_report(tf);
}

#endif
