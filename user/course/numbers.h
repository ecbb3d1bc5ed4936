/* SPDX-License-Identifier: MIT */
/*
 * numbers - what the programs of the course share. What they compute from their argument,
 * tools/ucow/course/answers.py computes, too: their output cannot be known before the argument is.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "ulib.h"

/* The next number of the sequence `state`; from 0 to 0xffff. */
static inline unsigned next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* The FPU's control word: a part of its state that a program can set to what no other has. */
static inline unsigned fpu_control(void)
{
    unsigned short word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

static inline void set_fpu_control(unsigned short word)
{
    __asm__ volatile("fninit; fldcw %0" : : "m"(word));
}

/* Run the mode called argv[1] with the number argv[2]. */
struct mode {
    const char *name;
    void (*run)(unsigned seed);
};

static inline int run_mode(const struct mode *modes, size_t n, int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < n; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(number_of(argv[2]));
            return 0;
        }
    }
    printf("usage: %s MODE NUMBER, where MODE is one of\n", argv[0]);
    for (size_t i = 0; i < n; i++)
        printf("    %s\n", modes[i].name);
    return 1;
}

#endif
