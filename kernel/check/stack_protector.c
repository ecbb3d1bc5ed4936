/* SPDX-License-Identifier: MIT */
/*
 * stack_protector - the word, and what follows when it has changed. The names are the compiler's.
 */
#include "check/stack_protector.h"

#include <stdint.h>

#include "arch/i386/cpu.h"
#include "watch/panic.h"

#define SPREAD 0x9E3779B1u /* odd: every bit of the count reaches the upper ones */

extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

__attribute__((no_stack_protector)) void stack_protector_init(void)
{
    uint64_t tsc = cpu_tsc();
    __stack_chk_guard = ((uint32_t)tsc ^ (uint32_t)(tsc >> 32)) * SPREAD & ~0xFFu; /* a NUL stops strings */
}

/* Called by the function whose frame it was. */
void __stack_chk_fail(void)
{
    uintptr_t eip = (uintptr_t)__builtin_return_address(0) - 1;
    check_failed(eip, "stack smashing");
    check_failed_end(eip);
}
