/* SPDX-License-Identifier: MIT */
/*
 * diskerror - each child in turn swaps a page out and reads it back, while some disk transfers fail.
 *
 *     diskerror          the child reads the page itself
 *     diskerror call     the child makes a system call that reads the page
 */
#include "check.h"

enum { CHILDREN = 4, VALUE = '.' };

static unsigned slots_free(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.swap_free;
}

/* Returns 1 if the page was not swapped out, else the result of the system call, or 0 without one. */
static int out_and_in(void *call)
{
    volatile int *page = map_pages(PAGE_SIZE, MAP_PRIVATE);
    *page = VALUE;
    if (sys_pageout((uintptr_t)page, PAGE_SIZE) != 1)
        return *page == VALUE ? 1 : 2;
    int result = call == NULL ? 0 : write(STDOUT, (const void *)page, 1);
    return result < 0 ? result : *page == VALUE ? 0 : 3;
}

int main(int argc, char **argv)
{
    unsigned before = slots_free();
    for (int i = 1; i <= CHILDREN; i++)
        printf("diskerror: child %d ended with %d\n", i, child_code(out_and_in, argc > 1 ? argv[1] : NULL));
    printf("diskerror: slots lost: %u\n", before - slots_free());
    return pass();
}
