/* SPDX-License-Identifier: MIT */
/*
 * multiboot - the information from the loader (Multiboot 0.6.96, 3.3).
 *
 * All of it is checked, and copied, because its memory will be allocated for other uses.
 */
#ifndef ARCH_MULTIBOOT_H
#define ARCH_MULTIBOOT_H

#include "arch/i386/memmap.h"

#define BOOT_CMDLINE_BYTES 8192
#define BOOT_MODULES_MAX 16
#define BOOT_NAME_BYTES 64

struct boot_module {
    char name[BOOT_NAME_BYTES];
    paddr_t start, end;
};

struct boot_info {
    char cmdline[BOOT_CMDLINE_BYTES];
    struct boot_module modules[BOOT_MODULES_MAX];
    size_t modules_n;
    struct memmap memory;    /* usable memory, without what modules and kernel occupy */
    const char *problems[4]; /* messages about errors in the information */
    size_t problems_n;
};

/* Read the information at physical address `info_pa`. The kernel lies in [1 MiB, kernel_end). */
void multiboot_read(struct boot_info *boot, paddr_t info_pa, paddr_t kernel_end);

#endif
