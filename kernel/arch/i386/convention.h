/* SPDX-License-Identifier: MIT */
/*
 * convention - the calling convention between C and assembler: first three arguments in eax, edx, ecx.
 *
 * In a build without instrumentation all functions use it. Instrumented builds pass arguments on the stack,
 * because compilers disagree on how to call the runtimes of checks otherwise; there only functions
 * marked ASM_CALL use registers.
 */
#ifndef ARCH_CONVENTION_H
#define ARCH_CONVENTION_H

#define ASM_CALL __attribute__((regparm(3)))

#endif
