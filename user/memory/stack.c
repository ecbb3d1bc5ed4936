/* SPDX-License-Identifier: MIT */
/*
 * stack - the program and the kernel can use all 256 pages of the stack; below them is a guard page (D33).
 */
#include "check.h"

enum { STACK_BOTTOM = USERTOP - USER_STACK_PAGES * PAGE_SIZE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static int touch(void *addr)
{
    *(volatile char *)addr = 1;
    return 0;
}

int main(void)
{
    /* From the top down, as calls would, starting below the frames in use. */
    unsigned zero = 0;
    for (uintptr_t page = ALIGN_DOWN((uintptr_t)&zero, PAGE_SIZE) - PAGE_SIZE; page >= STACK_BOTTOM;
         page -= PAGE_SIZE) {
        volatile unsigned *word = (volatile unsigned *)page;
        zero += *word == 0;
        *word = page;
    }
    CHECK((int)zero >= (int)USER_STACK_PAGES - 8, true, "fresh pages are zero");

    char *lowest = (char *)STACK_BOTTOM;
    strlcpy(lowest, "stack: this line comes from the lowest page\n", PAGE_SIZE);
    int length = (int)strlen(lowest);
    CHECK(write(STDOUT, lowest, length), length, "write from the lowest page");
    CHECK(write(STDOUT, lowest - 1, length), -E_INVAL, "write from below it");
    CHECK(sys_meminfo(lowest), 0, "meminfo into the lowest page");
    CHECK(sys_meminfo(lowest - 1), -E_INVAL, "meminfo into what begins below it");

    CHECK(child_code(touch, lowest), 0, "store to the lowest byte");
    CHECK(child_code(touch, lowest - 1), -E_KILLED, "store one byte below");
    CHECK(child_code(touch, lowest - PAGE_SIZE), -E_KILLED, "store one page below");

    char *beside = lowest - 2 * PAGE_SIZE, *wish = mmap((uintptr_t)beside, PAGE_SIZE, PROT_READ, ANONYMOUS);
    CHECK(wish == beside, true, "a mapping beside the guard page");
    wish = mmap((uintptr_t)beside + PAGE_SIZE, PAGE_SIZE, PROT_READ, ANONYMOUS);
    CHECK(mmap_error(wish) == 0 && wish < beside, true, "no mapping is made in it");
    return pass();
}
