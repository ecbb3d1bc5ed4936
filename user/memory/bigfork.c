/* SPDX-License-Identifier: MIT */
/*
 * bigfork - a fork of a process with many MiB of memory, and what the clock says before and after
 * it: however long it takes, no tick is lost (D76).
 *
 * `bigfork MIB`, a number of two digits at most.
 */
#include "check.h"

#define MIB ((size_t)1 << 20)

int main(int argc, char *argv[])
{
    assert(argc == 2);
    size_t bytes = number_of(argv[1]) * MIB;
    volatile char *pages = map_pages(bytes, MAP_PRIVATE);
    for (size_t at = 0; at < bytes; at += PAGE_SIZE)
        pages[at] = 1;

    sleep(1);
    sys_gettime();
    int pid = fork();
    if (pid == 0)
        exit(pages[bytes - PAGE_SIZE]);
    sys_gettime();
    assert(pid > 0);
    CHECK(code_of(pid), 1, "exit code of the child, the last page's first byte");
    return pass();
}
