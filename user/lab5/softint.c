/* SPDX-License-Identifier: MIT */
/*
 * softint - a program may not raise the page-fault exception by `int $14`: it is a general
 * protection fault, and this process dies of it.
 */
#include "ulib.h"

int main(void)
{
    __asm__ volatile("int $14");
    panic("int $14 came back");
}
