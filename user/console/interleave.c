/* SPDX-License-Identifier: MIT */
/*
 * interleave - processes print long lines at the same time, and every line comes out whole (D57). A line is
 * `interleave: child 3 line 07 dddd...`, with the same number of letters in all lines.
 */
#include "check.h"

enum { CHILDREN = 5, LINES = 20, LETTERS = 150 };

static int print_lines(void *number)
{
    int child = (int)(intptr_t)number;
    char letters[LETTERS + 1];
    memset(letters, 'a' + child, LETTERS);
    letters[LETTERS] = '\0';
    for (int i = 0; i < LINES; i++) {
        printf("interleave: child %d line %02d %s\n", child, i, letters);
        if (i % 4 == child % 4)
            yield();
    }
    return 0;
}

int main(void)
{
    for (int i = 0; i < CHILDREN; i++) {
        int pid = fork();
        if (pid == 0)
            exit(print_lines((void *)i));
        assert(pid > 0);
    }
    int right = 0, code;
    while (waitpid(0, &code) == 0)
        right += code == 0;
    CHECK(right, CHILDREN, "children that printed all");
    return pass();
}
