/*
 * pmm - which free frames are next to each other. A policy: Meson picks pmm_buddy.c or
 * pmm_first_fit.c, and only page.c calls it.
 *
 * Works on page->link and page->order of free frames; page.c keeps counts and owners.
 */
#ifndef MM_PMM_H
#define MM_PMM_H

#include <stdbool.h>
#include <stddef.h>

struct page;

/* Forget everything: no frame is free. */
void pmm_init(void);

/* Frames [first, first + n) are free from now on. */
void pmm_add(size_t first_pfn, size_t n);

/* Take 2^order neighbouring, naturally aligned frames; the first, or NULL when there are none. */
struct page *pmm_take(unsigned order);

/* Give such a block back; it merges with its free neighbours. */
void pmm_give(struct page *page, unsigned order);

/* Frames free here. */
size_t pmm_free_frames(void);

/* Whether the structure is sound: for checkers. */
bool pmm_ok(void);

#endif
