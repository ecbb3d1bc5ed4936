/* SPDX-License-Identifier: MIT */
/*
 * linux_futex - processes that wait until another says that a word of memory has changed (Linux's futex()).
 *
 * All who wait are in one tree, by key and by their arrival: to wake some visits no others, however many
 * there are.
 */
#ifndef PROC_LINUX_FUTEX_H
#define PROC_LINUX_FUTEX_H

#include <stdint.h>

#include "mm/usercopy.h"
#include "proc/linux.h"

#define FUTEX_FOR_EVER UINT64_MAX

/* Find out what the word at `at` is known by: the object of a shared region if `shared`, else the caller's
 * memory, and then it need not be mapped. Returns 0; -E_INVAL if it is not; -E_KILLED if the caller was
 * killed.
 */
int futex_key(struct futex_key *key, struct uaddr at, bool shared);

/* Sleep until woken through `key`, which is that of the word at `at`, unless the word is not `value`. Returns
 * 0; -E_BUSY for another value; -E_TIMEOUT after `ticks`; -E_INVAL for a bad pointer; -E_KILLED if the caller
 * was killed. */
int futex_wait(const struct futex_key *key, struct uaddr at, uint32_t value, uint64_t ticks);

/* Wake up to `n` of those that wait, the first to come first. Returns how many. */
uint32_t futex_wake(const struct futex_key *key, uint32_t n);

/* Have up to `n` of those that wait wait for `to` instead. Returns how many. */
uint32_t futex_move(const struct futex_key *key, const struct futex_key *to, uint32_t n);

#endif
