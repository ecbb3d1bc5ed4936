/* SPDX-License-Identifier: MIT */
/*
 * convention - assembler calls C on the host as C does.
 */
#ifndef ARCH_CONVENTION_H
#define ARCH_CONVENTION_H

#define ASM_CALL

#endif
