/* SPDX-License-Identifier: MIT */
/*
 * elfcases - executes the programs case0, case1, ... as far as they exist, each in a child.
 *
 * tools/ucow/elfcases.py makes these files, most of them malformed. A child whose exec fails checks that
 * its memory is unchanged and exits with the error; otherwise it runs the program. For each child it prints
 * `elfcases: NUMBER CODE`; the test knows which codes are right.
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
    data[1] = heap[1] = 1; /* make the pages private */
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
