/* SPDX-License-Identifier: MIT */
/*
 * wrongdisk - a process has a page on the disk while the test changes the disk, and then reads it (D108).
 */
#include "check.h"

enum { VALUE = 0x5ec2e7 };

static int out_and_in(void *arg)
{
    (void)arg;
    char key;
    volatile int *page = map_pages(PAGE_SIZE, MAP_PRIVATE);
    for (size_t i = 0; i < PAGE_SIZE / sizeof(*page); i++)
        page[i] = VALUE + (int)i;
    assert(sys_pageout((uintptr_t)page, PAGE_SIZE) == 1);
    printf("wrongdisk: the page is on the disk\n");
    assert(read(STDIN, &key, 1) == 1);
    for (size_t i = 0; i < PAGE_SIZE / sizeof(*page); i++)
        if (page[i] != VALUE + (int)i)
            return 1;
    return 0;
}

int main(void)
{
    printf("wrongdisk: the process that read it ended with %d\n", child_code(out_and_in, NULL));
    return pass();
}
