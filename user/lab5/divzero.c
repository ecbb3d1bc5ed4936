/* SPDX-License-Identifier: MIT */
/*
 * divzero - a division by zero ends this process (D02). The division is in assembler because `1 / zero`
 * is undefined in C, and the compiler may remove it (D61).
 */
#include "ulib.h"

int main(void)
{
    int quotient = 1, remainder = 0;
    __asm__ volatile("idivl %2" : "+a"(quotient), "+d"(remainder) : "r"(0) : "cc");
    panic("1 / 0 is %d", quotient);
}
