/* SPDX-License-Identifier: MIT */
/*
 * visit - a look into the memory of another process, which may exit or exec meanwhile.
 */
#ifndef PROC_VISIT_H
#define PROC_VISIT_H

#include "mm/mm.h"

/* Lock the mm of another process. Returns 0, and the caller ends the visit with visit_end(); -E_KILLED if the
 * caller was killed while it waited. May sleep. */
int visit_begin(struct mm *mm);
void visit_end(struct mm *mm);

/* Wait until no visitor delays the end of an mm that no other process uses: otherwise its pages would become
 * free some time after its process has ended. No process has it as its mm any more. */
void visit_await_last(const struct mm *mm);

#endif
