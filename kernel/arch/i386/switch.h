/* SPDX-License-Identifier: MIT */
/*
 * switch - switches from one kernel stack to another.
 */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#include <stdint.h>

/* What is on a stack that was switched away from, from its stack pointer upwards. */
struct switch_frame {
    uint32_t ebp, eip;
};

/* Store the stack pointer at `save_sp` and continue on the stack whose pointer is `load_sp`. Returns when
 * another process switches back. The compiler saves the registers that it needs afterwards. */
static inline void cpu_switch(uintptr_t *save_sp, uintptr_t load_sp)
{
    __asm__ volatile("call cpu_switch_stack"
                     : "+a"(save_sp), "+d"(load_sp)
                     :
                     : "ebx", "ecx", "esi", "edi", "cc", "memory");
}

#endif
