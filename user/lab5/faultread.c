/* SPDX-License-Identifier: MIT */
/*
 * faultread - reading address 0 ends this process (D02).
 */
#include "ulib.h"

int main(void)
{
    printf("I read %08x from 0.\n", *(volatile unsigned *)0);
    panic("address 0 could be read");
}
