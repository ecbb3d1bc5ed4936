/* SPDX-License-Identifier: MIT */
/*
 * pgfault - handle a page fault of the current process.
 */
#ifndef PROC_PGFAULT_H
#define PROC_PGFAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "check/hooks.h"

/* Handle a page fault at `va` with the CPU's error code. Returns 0 if the access can be retried; -E_FAULT if
 * the process has no right to it, -E_NO_MEM if memory is exhausted, -E_SWAP_FAULT if the page cannot be read
 * from swap; -E_KILLED if the process was killed meanwhile. May sleep. Interrupts on. */
int do_pgfault(uintptr_t va, uint32_t error_code);

/* Whether the entry of `va` permits the access that faulted. For a rule, right after do_pgfault() has
 * returned 0. */
bool pgfault_is_served(uintptr_t va, uint32_t error_code);

/* For reports of check/cow.h: the running process, and another one that maps `frame` at `va` (or none). */
void pgfault_who(paddr_t frame, uintptr_t va, struct cow_who *running, struct cow_who *other);

#endif
