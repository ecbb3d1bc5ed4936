/* SPDX-License-Identifier: MIT */
/*
 * testbss - a large bss is zero and keeps what is written into it; a write past its end, where
 * nothing is mapped, ends this process (D15, D39).
 */
#include "ulib.h"

enum { WORDS = 1024 * 1024 };

static volatile unsigned array[WORDS];

int main(void)
{
    printf("Making sure bss works right...\n");
    for (unsigned i = 0; i < WORDS; i++) {
        if (array[i] != 0)
            panic("array[%u] is not zero", i);
    }
    for (unsigned i = 0; i < WORDS; i++)
        array[i] = i;
    for (unsigned i = 0; i < WORDS; i++) {
        if (array[i] != i)
            panic("array[%u] did not keep its value", i);
    }
    printf("Yes, good.  Now doing a wild write off the end...\n");
    printf("testbss may pass.\n");

    /* The array may end inside a page, so an address a whole page past its end is certainly unmapped. */
    *(array + WORDS + PAGE_SIZE / sizeof(*array)) = 0;
    panic("the wild write was not noticed");
}
