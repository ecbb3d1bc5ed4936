/* SPDX-License-Identifier: MIT */
/*
 * softint - a program may not raise the page-fault exception with `int $14`: the CPU raises a general
 * protection fault instead, which ends this process.
 */
#include "ulib.h"

int main(void)
{
    __asm__ volatile("int $14");
    panic("int $14 came back");
}
