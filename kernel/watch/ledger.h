/* SPDX-License-Identifier: MIT */
/*
 * ledger - who holds what, and whether everything came back.
 *
 * Each keeper of a resource (the frames of one kind, the objects of one heap cache, the pids)
 * opens an account. At the end of a run init compares every account with what it held before
 * the first program, and names what is missing: how much, whose, and in checking builds taken where.
 */
#ifndef WATCH_LEDGER_H
#define WATCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ucow/abi.h>

#include "config.h"

/* Allocations keep the return address of their caller in checking builds only. */
#define LEDGER_KNOWS_CALLERS CONFIG_DEBUG_CHECKS

/* Calls `note` once for every unit held, with the return address of the allocating call (0: unknown). */
typedef void ledger_walk_fn(void *keeper, void (*note)(uintptr_t site));

/* Up to so many call sites of an account are told apart; what goes beyond is counted together. */
#define LEDGER_SITES 8

struct ledger_site {
    uintptr_t address;
    size_t units;
};

struct ledger_account {
    const char *name;                            /* "frames of page tables", "pids", "heap objects of" ... */
    const char *of;                              /* completes the name, or NULL */
    void *keeper;                                /* handed back to the functions below */
    size_t (*held)(void *keeper);                /* units held now */
    void (*shrink)(void *keeper);                /* gives back what is only kept for speed; or NULL */
    ledger_walk_fn *walk;                        /* or NULL: no call sites known */
    size_t base;                                 /* held at the last ledger_mark() */
    struct ledger_site base_sites[LEDGER_SITES]; /* (ledger's own) who held it then */
    size_t base_count;                           /* (ledger's own) of these, in use */
    struct ledger_account *next;                 /* (ledger's own) */
};

/* Add an account, which stays for ever and starts with a base of 0. */
void ledger_open(struct ledger_account *account);

/* Have every account give back what is only kept for speed. */
void ledger_shrink(void);

/* Remember what every account holds, caches shrunk, as what it shall hold at the end. */
void ledger_mark(void);

/* Shrink the caches and compare with the mark. True when every account is as it was; otherwise
 * prints one line for each that is not, and below it where what is new was taken. */
bool ledger_check(void);

/* The number of accounts. */
size_t ledger_count(void);

/* What account number `i`, below ledger_count(), says now; 0 is the one that was opened first. */
void ledger_read(size_t i, struct ledger_info *info);

/* Print "    2 taken at pgtable_new (kernel/mm/pgtable.c:41)": a line of a report. */
void ledger_print_site(size_t units, uintptr_t site);

#endif
