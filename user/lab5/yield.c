/* SPDX-License-Identifier: MIT */
/*
 * yield - a process that yields the CPU gets it back.
 */
#include "ulib.h"

int main(void)
{
    printf("Hello, I am process %d.\n", getpid());
    for (int i = 0; i < 5; i++) {
        yield();
        printf("Back in process %d, iteration %d.\n", getpid(), i);
    }
    printf("All done in process %d.\n", getpid());
    printf("yield pass.\n");
    return 0;
}
