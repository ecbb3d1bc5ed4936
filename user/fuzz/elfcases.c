/* SPDX-License-Identifier: MIT */
/*
 * elfcases - executes case0, case1 ... as far as there are such programs, each in a child.
 *
 * The files are made by tools/ucow/elfcases.py, wrong in all ways. A child whose exec fails looks
 * whether it is as it was, and exits with the error; one that comes to be the program ends as that
 * does. A line a child, `elfcases: NUMBER CODE`; whether the code is right is for the test to say.
 */
#include "check.h"

enum { HARMED = 0x4a };

static unsigned data[PAGE_SIZE / sizeof(unsigned)] = {0xda7a};
static unsigned *heap;

static unsigned sum(void)
{
    unsigned total = (unsigned)brk(0) ^ (unsigned)getpid();
    for (size_t i = 0; i < ARRAY_SIZE(data); i++)
        total = total * 31 + (data[i] ^ heap[i]);
    return total;
}

static int try_exec(void *name)
{
    const char *const argv[] = {name, "an argument"};
    data[1] = heap[1] = 1; /* pages of our own again */
    unsigned before = sum();
    int error = exec(name, ARRAY_SIZE(argv), argv);
    return sum() == before && strcmp(argv[1], "an argument") == 0 ? error : HARMED;
}

int main(void)
{
    char name[16];
    int code = 0;
    heap = sbrk(sizeof(data));
    assert(heap != NULL);
    for (size_t i = 0; i < ARRAY_SIZE(data); i++)
        data[i] = heap[i] = (unsigned)i * 2654435761u;
    for (unsigned n = 0; code != -E_NOENT; n++) {
        snprintf(name, sizeof(name), "case%u", n);
        code = child_code(try_exec, name);
        if (code != -E_NOENT)
            printf("elfcases: %u %d\n", n, code);
    }
    return pass();
}
