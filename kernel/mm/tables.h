/* SPDX-License-Identifier: MIT */
/*
 * tables - what fork does with the parent's page tables. A policy: Meson picks tables_shared.c, in which
 * parent and child have the same table until one of them changes it, or tables_copied.c, in which each has
 * its own.
 *
 * A shared table has one reference for each directory that has it, and no directory permits writes below it.
 * It has private pages and pages of programs only: a table that maps shared memory is never shared, so that a
 * copy of a table can make every writable page copy-on-write. Where a shared table has an entry, all its
 * address spaces have the same region.
 *
 * A table is changed only after pgtable_own(). There are three exceptions, which all address spaces of a
 * shared table are meant to see, and during which nothing sleeps: eviction, reading a page back from the
 * disk, and entering a read-only page of a program. The last needs no frame for a table: else a program whose
 * text was evicted would die when memory is full. It is correct because only exec adds a region of a program:
 * all address spaces of the table had the region when they came to share it, and munmap and mmap over it own
 * the table first. The idea is that of Zhao, Gong and Fonseca, "On-demand-fork", EuroSys 2021.
 */
#ifndef MM_TABLES_H
#define MM_TABLES_H

#include <stdbool.h>
#include <stdint.h>

struct pgdir;

/* At fork: enter the table that `from` has for `va` in `to`, too, unless an earlier region has done it.
 * Returns false if the table cannot be shared: the caller copies its entries. The caller flushes. */
bool tables_share(struct pgdir *to, struct pgdir *from, uintptr_t va);

/* Permit writes below the table for `va`, which pgdir does not permit: in a copy of the table, or in the
 * table itself if no other directory has it. Returns 0; -E_NO_MEM: nothing changed. Flushes if the pgdir is
 * loaded. */
int tables_unshare(struct pgdir *pgdir, uintptr_t va);

#endif
