/* SPDX-License-Identifier: MIT */
/*
 * faultreadkernel - reading the kernel's half, here where page tables may be seen, ends this
 * process (D02, D18).
 */
#include "ulib.h"

enum { VPT = 0xfac00000u };

int main(void)
{
    printf("I read %08x from 0x%08x!\n", *(volatile unsigned *)VPT, VPT);
    panic("kernel memory could be read");
}
