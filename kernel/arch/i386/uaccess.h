/* SPDX-License-Identifier: MIT */
/*
 * uaccess - the instructions that access user memory. Only mm/usercopy.c calls these.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "arch/i386/convention.h"

/* Copy n bytes. Returns 0, or the error of a fault that could not be resolved: -E_FAULT, -E_NO_MEM. */
ASM_CALL int usercopy_bytes(void *to, const void *from, size_t n);

/* Copy up to and including a NUL, at most n bytes. Returns the number of bytes copied, or such an error. */
ASM_CALL int usercopy_string(char *to, const char *from, size_t n);

/* Instructions that may fault on user addresses, and the address where execution continues. */
struct fixup {
    uint32_t eip, go_on;
};
extern const struct fixup fixup_table[], fixup_table_end[];

#endif
