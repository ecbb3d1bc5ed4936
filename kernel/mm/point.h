/* SPDX-License-Identifier: MIT */
/*
 * point - places in the long loops of mm at which other processes may run.
 *
 * Kernel code is not preempted. So a loop whose length a program chooses has a point after the work of each
 * page table, or after each region. mm does not know processes: proc installs what a point does.
 *
 * Other processes may run at a point: the caller holds no spinlock and no pointer that only the lack of
 * preemption protects. It still holds the mm's lock, so no region changes; but pages may be evicted (mm.h).
 */
#ifndef MM_POINT_H
#define MM_POINT_H

#include <stdbool.h>

#include "arch/i386/mmu.h"
#include "check/hooks.h"

/* What proc installs: whether the turn of the current process is over, and what then lets others run, which
 * returns 0, or -E_KILLED if the current process was killed. */
struct point {
    const volatile bool *due;
    int (*pass)(void);
};
extern struct point mm_points;

/* Let others run if the caller's turn is over. Returns 0; -E_KILLED if the caller was killed and should stop.
 * Entries of `changed`, if not NULL, may have lost rights since the last flush: another process of the same
 * mm runs without a reload of CR3, so they are flushed first. */
SITE_OF_CALLER int mm_point(struct pgdir *changed)
{
    check_point(cpu_here());
    if (!*mm_points.due)
        return 0;
    if (changed != NULL && mmu_is_loaded(changed))
        mmu_flush_all();
    return mm_points.pass();
}

/* In a loop over regions, of which most processes have few: a point after each REGIONS_AT_ONCE, as `n`, which
 * counts them, says. */
#define REGIONS_AT_ONCE 16
SITE_OF_CALLER void mm_point_of_regions(unsigned n)
{
    if (n % REGIONS_AT_ONCE == 0)
        mm_point(NULL);
}

#endif
