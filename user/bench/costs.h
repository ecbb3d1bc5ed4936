/* SPDX-License-Identifier: MIT */
/*
 * costs - operations that bench measures, apart from fork and what follows it: output, arguments, programs.
 */
#ifndef BENCH_COSTS_H
#define BENCH_COSTS_H

#include "check.h"

enum { OUTPUT_BYTES = 512, OUTPUT_MOST = 16384, OUTPUT_LINE = 128, ARGUMENT_BYTES = 2048, BSS_PAGES = 64 };

static inline uint32_t ticks_now(void)
{
    uint32_t low;
    __asm__ volatile("rdtsc" : "=a"(low) : : "edx", "memory");
    return low;
}

/* Sort the samples. Returns their median, so that a timer tick in one of them does not matter. */
static inline uint32_t median_of(uint32_t *samples, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t ticks = samples[i];
        size_t at = i;
        for (; at > 0 && samples[at - 1] > ticks; at--)
            samples[at] = samples[at - 1];
        samples[at] = ticks;
    }
    return samples[n / 2];
}

/* Write `n` bytes, at least 1, lines of blanks: a terminal shows no nonsense. Returns the ticks. */
static inline uint32_t write_blanks(size_t n)
{
    static char text[OUTPUT_MOST];
    assert(n > 0 && n <= sizeof(text));
    memset(text, ' ', n);
    for (size_t end = OUTPUT_LINE; end <= n; end += OUTPUT_LINE)
        text[end - 1] = '\n';
    text[n - 1] = '\n';
    uint32_t start = ticks_now();
    write(STDOUT, text, n);
    return ticks_now() - start;
}

/* Fork a child that executes nop with an argument of `length` characters. Returns the ticks until its end. */
static inline uint32_t exec_argument(size_t length)
{
    static char argument[EXEC_MAX_BYTES];
    assert(length < sizeof(argument) - sizeof("nop"));
    memset(argument, 'a', length);
    argument[length] = '\0';
    const char *const argv[] = {"nop", argument};
    uint32_t start = ticks_now();
    int pid = fork();
    if (pid == 0)
        exit(exec(argv[0], ARRAY_SIZE(argv), argv));
    int code = code_of(pid);
    uint32_t ticks = ticks_now() - start;
    assert(code == 0);
    return ticks;
}

/* Returns the ticks of spawning nop and waiting for its end. */
static inline uint32_t spawn_nop(void)
{
    static const char *const argv[] = {"nop"};
    int code;
    uint32_t start = ticks_now();
    int error = spawn(argv[0], ARRAY_SIZE(argv), argv, &code);
    uint32_t ticks = ticks_now() - start;
    assert(error == 0 && code == 0);
    return ticks;
}

#endif
