/* SPDX-License-Identifier: MIT */
/*
 * pgfault - a page fault of the current process, seen from above memory management.
 */
#ifndef PROC_PGFAULT_H
#define PROC_PGFAULT_H

#include <stdint.h>

/* Serve a fault at `va` with the CPU's error code: 0, try again; -E_FAULT: the process has no
 * right to that; -E_NO_MEM; -E_SWAP_FAULT: the page is on the disk and cannot be read. May sleep; interrupts
 * on. */
int do_pgfault(uintptr_t va, uint32_t error_code);

#endif
