/* SPDX-License-Identifier: MIT */
/*
 * bigfork - forks a process of many MiB between two readings of the clock: no tick is lost, however long
 * the fork takes (D76).
 *
 * Usage: bigfork MIB
 */
#include "check.h"

#define MIB ((size_t)1 << 20)

int main(int argc, char *argv[])
{
    if (argc != 2)
        usage("bigfork MIB");
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
