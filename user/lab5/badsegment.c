/* SPDX-License-Identifier: MIT */
/*
 * badsegment - loading the TSS, a system segment, into a data segment register raises a general
 * protection fault, which ends this process (D02).
 */
#include "ulib.h"

enum { TSS_SELECTOR = 0x28 };

int main(void)
{
    __asm__ volatile("movw %w0, %%ds" : : "r"(TSS_SELECTOR));
    panic("the segment register took selector 0x%x", TSS_SELECTOR);
}
