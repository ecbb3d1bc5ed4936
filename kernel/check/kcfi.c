/* SPDX-License-Identifier: MIT */
/*
 * kcfi - reports an indirect call of a function whose type is not the expected one.
 *
 * Before the call the compiler compares the word below the function with a hash of the type, and executes
 * a breakpoint instruction if they differ.
 */
#include "check/kcfi.h"

#include "dev/console.h"
#include "watch/backtrace.h"
#include "watch/panic.h"

/* The called function; 0: unknown. Its address is in the register that the comparison uses, or 4 above it
 * (Intel SDM vol. 2A: CMP, opcode 81 /7). tf->eip is the instruction after the breakpoint. */
static uintptr_t called_function(const struct trapframe *tf)
{
    const uint32_t registers[] = {tf->eax, tf->ecx, tf->edx, tf->ebx, tf->oesp, tf->ebp, tf->esi, tf->edi};
    const uint8_t *next = (const uint8_t *)tf->eip;
    for (const uint8_t *code = next - 10; code > next - 20; code--)
        if (code[0] == 0x81 && (code[1] & 0xF8) == 0x78 && code[2] == 0xFC)
            return registers[code[1] & 7];
    return next[-9] == 0x81 && (next[-8] & 0xF8) == 0x38 ? registers[next[-8] & 7] + 4 : 0;
}

void kcfi_report(const struct trapframe *tf)
{
    uintptr_t function = called_function(tf);
    const struct report report = report_trap(REPORT_CHECK, tf);
    report_begin(&report, "an indirect call of a function of another type");
    if (function != 0) {
        kprintf("    of ");
        backtrace_print_caller(function);
        kprintf("\n");
    }
    report_end(&report);
}
