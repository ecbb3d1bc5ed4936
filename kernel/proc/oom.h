/* SPDX-License-Identifier: MIT */
/*
 * oom - memory and the disk are full: which process ends, so that the others can go on.
 */
#ifndef PROC_OOM_H
#define PROC_OOM_H

/* A page fault of the current process found no frame. If memory is full, end the process with the most pages
 * of its own, unless one is ending already, and wait for that. Returns 0 if the access can be retried;
 * -E_NO_MEM if the current process is the one to end, if the end of none would free a page, or if memory is
 * not full; -E_KILLED if the current process was killed. Caller holds no mm's lock. */
int oom_relieve(void);

#endif
