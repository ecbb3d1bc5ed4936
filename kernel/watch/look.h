/* SPDX-License-Identifier: MIT */
/*
 * look - reads memory at addresses that may be anything, for the prompt after a panic.
 *
 * Before each access the page tables are asked, and the page tables are read with the same care: so a broken
 * pointer, or a broken page table, is an answer and not a second panic. Beyond CR3 and the linear map nothing
 * is trusted.
 */
#ifndef WATCH_LOOK_H
#define WATCH_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/i386/mmu.h"

/* The entries for a virtual address: of the page directory, and of the page table, 0 if there is none. */
struct look_entries {
    uint32_t directory;
    pte_t table;
};

/* Find the entries for `va` in the page directory at the physical address `pgdir`. Returns false if a table
 * cannot be read. */
bool look_entries(paddr_t pgdir, uintptr_t va, struct look_entries *entries);

/* Read the word at the physical address `pa`, a multiple of 4. Returns false if the kernel has not mapped it.
 */
bool look_physical(paddr_t pa, uint32_t *word);

/* Read the word at `va`, a multiple of 4, as the page directory at the physical address `pgdir` maps it.
 * Returns false if nothing is there that the kernel has mapped. */
bool look_word(paddr_t pgdir, uintptr_t va, uint32_t *word);

/* Whether the kernel can read all `size` bytes at `at`, in its own half. */
bool look_readable(const void *at, size_t size);

#endif
