/* SPDX-License-Identifier: MIT */
/*
 * badsegment - loading a system segment, the TSS, into a data segment register is a general
 * protection fault, and this process dies of it (D02).
 */
#include "ulib.h"

enum { TSS_SELECTOR = 0x28 };

int main(void)
{
    __asm__ volatile("movw %w0, %%ds" : : "r"(TSS_SELECTOR));
    panic("the segment register took selector 0x%x", TSS_SELECTOR);
}
