/* SPDX-License-Identifier: MIT */
/*
 * pgdir - the kernel prints this process's page table.
 */
#include "ulib.h"

int main(void)
{
    printf("I am %d, print pgdir.\n", getpid());
    print_pgdir();
    printf("pgdir pass.\n");
    return 0;
}
