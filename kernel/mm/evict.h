/*
 * evict - which page goes when memory is full. A policy: Meson picks evict_clock.c or evict_fifo.c.
 *
 * Candidates are all pages of user memory and of programs, of all processes, in one list that the policy
 * owns, by page->link. Whether a candidate can really go is found out by swap_disk.c.
 */
#ifndef MM_EVICT_H
#define MM_EVICT_H

#include "mm/page.h"

/* The page has come into memory: it is a candidate from now on. */
void evict_add(struct page *page);

/* It has left memory. */
void evict_remove(struct page *page);

/* How many candidates there are. */
size_t evict_count(void);

/* The candidate that should go first; it stays one, but will not be named again before the others.
 * NULL: there is none. `used` tells, once, whether a page was used since it was asked last. */
struct page *evict_next(bool (*used)(const struct page *page));

#endif
