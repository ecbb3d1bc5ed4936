/* SPDX-License-Identifier: MIT */
/*
 * noread - takes no input and does not end until somebody outside the machine changes its memory.
 *
 * The page to look for begins with DEAF_WORDS words that are nowhere else: 0xdeaf0000, 0xdeaf0001,
 * ... Whoever changes the first lets the program go on. (D56: what is typed meanwhile.)
 */
#include "ulib.h"

enum { DEAF_WORDS = 8 };
#define FIRST_WORD 0xdeaf0000u

static volatile unsigned ear[DEAF_WORDS];

int main(void)
{
    for (unsigned i = 0; i < DEAF_WORDS; i++)
        ear[i] = FIRST_WORD + i;
    printf("noread: waiting.\n");
    while (ear[0] == FIRST_WORD)
        ;
    printf("noread pass.\n");
    return 0;
}
