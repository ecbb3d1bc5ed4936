/* SPDX-License-Identifier: MIT */
/*
 * pmm - finds free frames that are next to each other. A policy: Meson picks pmm_buddy.c or
 * pmm_first_fit.c, and only page.c calls it.
 *
 * A policy uses page->link, page->order and page->length of free frames; page.c has counts and owners.
 */
#ifndef MM_PMM_H
#define MM_PMM_H

#include <stdbool.h>
#include <stddef.h>

struct page;

/* Start over: no frame is free. */
void pmm_init(void);

/* Add n free frames from `first_pfn` on. */
void pmm_add(size_t first_pfn, size_t n);

/* Allocate 2^order neighbouring, naturally aligned frames. Returns the first, or NULL if there are none. */
struct page *pmm_take(unsigned order);

/* Free such a block; it merges with its free neighbours. */
void pmm_give(struct page *page, unsigned order);

/* The number of free frames. */
size_t pmm_free_frames(void);

/* Whether the structure is sound: for checkers. */
bool pmm_ok(void);

#endif
