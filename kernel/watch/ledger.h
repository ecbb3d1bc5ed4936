/* SPDX-License-Identifier: MIT */
/*
 * ledger - counts what is allocated, and checks that all of it is freed at the end of a run.
 *
 * Each allocator (of the frames of one owner, the objects of one heap cache, the pids) opens an
 * account. At the end of a run init compares every account with its state before the first program
 * and reports each leak: how much, of which account, and in checking builds from which call site.
 */
#ifndef WATCH_LEDGER_H
#define WATCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "config.h"

/* Allocations record the return address of their caller in checking builds only. */
#define LEDGER_KNOWS_CALLERS CONFIG_DEBUG_CHECKS

/* Calls `visit` once for each allocated unit with the return address of the allocating call (0: unknown). */
typedef void ledger_walk_fn(void *context, void (*visit)(uintptr_t caller));

/* The number of call sites counted separately in an account; the others are counted together. */
#define LEDGER_SITES 8

struct ledger_site {
    uintptr_t address;
    size_t units;
};

struct ledger_account {
    const char *name;                            /* "frames of page tables", "pids", "heap objects of" ... */
    const char *of;                              /* completes the name, or NULL */
    void *context;                               /* the first argument of the functions below */
    size_t (*held)(void *context);               /* units allocated now */
    void (*shrink)(void *context);               /* frees what is only cached; or NULL */
    ledger_walk_fn *walk;                        /* or NULL: call sites are unknown */
    size_t base;                                 /* units at the last ledger_mark() */
    struct ledger_site base_sites[LEDGER_SITES]; /* (ledger.c) their call sites */
    size_t base_count;                           /* (ledger.c) entries in use of base_sites */
    struct ledger_account *next;                 /* (ledger.c) */
};

/* Add an account with a base of 0. It is never removed. */
void ledger_open(struct ledger_account *account);

/* Empty the caches of all accounts. */
void ledger_shrink(void);

/* Empty the caches and record the state of all accounts as the one expected at the end. */
void ledger_mark(void);

/* Empty the caches and compare all accounts with the last mark. Returns whether they are equal; otherwise
 * prints one line for each account that differs, followed by the call sites of what is new. */
bool ledger_check(void);

/* The number of accounts. */
size_t ledger_count(void);

/* Read account `i`, below ledger_count(), in the order of opening. */
void ledger_read(size_t i, struct ledger_info *info);

/* Print "    2 taken at pgtable_new (kernel/mm/pgtable.c:41)": a line of a report. */
void ledger_print_caller(size_t units, uintptr_t caller);

#endif
