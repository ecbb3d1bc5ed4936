/*
 * convention - how C and assembler call each other: the first three arguments in eax, edx, ecx.
 *
 * So all functions of a usual build are called. Where the compiler instruments the kernel all its
 * arguments are on the stack (compilers disagree how they call the functions of the checks
 * otherwise), but for functions with this mark.
 */
#ifndef ARCH_CONVENTION_H
#define ARCH_CONVENTION_H

#define ASM_CALL __attribute__((regparm(3)))

#endif
