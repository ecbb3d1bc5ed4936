/* SPDX-License-Identifier: MIT */
/*
 * faultreadkernel - reading an address in the kernel's half ends this process (D02, D18). No page
 * is mapped at VPT: this kernel does not map its page tables there.
 */
#include "ulib.h"

enum { VPT = 0xfac00000u };

int main(void)
{
    printf("I read %08x from 0x%08x!\n", *(volatile unsigned *)VPT, VPT);
    panic("kernel memory could be read");
}
