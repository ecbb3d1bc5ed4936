/* SPDX-License-Identifier: MIT */
/*
 * noread - runs without reading the console until a test changes a word of its memory, so that input
 * arrives while no process reads it (D56).
 *
 * The word is the first of DEAF_WORDS words that occur nowhere else: 0xdeaf0000, 0xdeaf0001, ...
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
