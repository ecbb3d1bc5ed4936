/* SPDX-License-Identifier: MIT */
/*
 * ps - lists every process: pid, parent, state, and its pages: all, private, shared, swapped out, and those
 * of the program cache. A program for Linux has " (linux)" after its name.
 */
#include "ulib.h"

static const char *const states[] = {
#define PROC_STATE(NAME, next) #NAME,
#include <ucow/enums.def>
};

int main(void)
{
    struct proc_info info;
    printf("%5s %6s %-8s %7s %7s %7s %7s %7s %s\n", "pid", "parent", "state", "pages", "private", "shared",
           "swapped", "cache", "name");
    for (unsigned pid = 0;; pid = (unsigned)info.pid + 1) {
        info.pid = -1;
        assert(sys_procs(&info, 1, pid) >= 0);
        if (info.pid < 0)
            return 0;
        struct page_counts counts = {0};
        if (sys_pages(info.pid, &counts) != 0)
            continue; /* it has ended meanwhile */
        printf("%5d %6d %-8s %7u %7u %7u %7u %7u %s%s\n", info.pid, info.parent, states[info.state],
               info.pages, counts.private, counts.shared, counts.swapped, counts.cache, info.name,
               info.linux_calls ? " (linux)" : "");
    }
}
