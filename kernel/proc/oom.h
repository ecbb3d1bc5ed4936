/* SPDX-License-Identifier: MIT */
/*
 * oom - memory and the disk are full: which process ends, so that the others can go on.
 */
#ifndef PROC_OOM_H
#define PROC_OOM_H

#include <stdbool.h>

/* Whether memory is full. If a page fault found no frame although it is not, the failure was injected. Ask
 * before another process runs, which may free frames. */
bool oom_memory_is_full(void);

/* A page fault of the current process found no frame because memory was full. If it still is, end the process
 * with the most pages of its own, unless one is ending already, and wait for that. Returns 0 if the access
 * can be retried; -E_NO_MEM if the current process is the one to end, or if the end of none would free a
 * page; -E_KILLED if the current process was killed. Caller holds no mm's lock. */
int oom_relieve(void);

#endif
