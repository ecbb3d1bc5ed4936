/* SPDX-License-Identifier: MIT */
/*
 * stack_protector - chooses the guard word, and reports when it has changed. The names are the compiler's.
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
    __stack_chk_guard = ((uint32_t)tsc ^ (uint32_t)(tsc >> 32)) * SPREAD & ~0xFFu; /* the NUL ends strings */
}

/* Called by the function whose frame was overwritten. */
void __stack_chk_fail(void)
{
    const struct report report = report_call(REPORT_SANITIZER, (uintptr_t)__builtin_return_address(0));
    report_begin(&report, "stack smashing");
    report_end(&report);
}
