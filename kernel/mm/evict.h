/* SPDX-License-Identifier: MIT */
/*
 * evict - chooses the page to evict when memory is full. A policy: Meson picks evict_clock.c or evict_fifo.c.
 *
 * Candidates are all pages of user memory and of programs, of all processes, in one list that the policy
 * owns, by page->link. swap_disk.c finds out whether a candidate can be evicted.
 */
#ifndef MM_EVICT_H
#define MM_EVICT_H

#include "mm/page.h"

/* Make the page, which has come into memory, a candidate. */
void evict_add(struct page *page);

/* Remove the page, which leaves memory, from the candidates. */
void evict_remove(struct page *page);

/* The number of candidates. */
size_t evict_count(void);

/* The candidate to evict first; NULL if there is none. It stays a candidate, but is not returned again before
 * the others. `used` says whether a page was accessed since its last call, and clears that mark. */
struct page *evict_next(bool (*used)(const struct page *page));

#endif
