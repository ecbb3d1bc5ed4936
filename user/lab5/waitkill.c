/* SPDX-License-Identifier: MIT */
/*
 * waitkill - the second child kills its parent, which sleeps in wait(), and then the first child,
 * which makes no system call (D47, D51, D84). The parent's exit code is therefore -9.
 */
#include "ulib.h"

static void yield_often(void)
{
    for (int i = 0; i < 6; i++)
        yield();
}

NORETURN static void first_child(void)
{
    printf("child 1.\n");
    for (;;)
        ;
}

NORETURN static void second_child(int parent, int sibling)
{
    printf("child 2.\n");
    yield_often();
    if (kill(parent) != 0)
        exit(-1);
    printf("kill parent ok.\n");
    yield_often();
    if (kill(sibling) != 0)
        exit(-1);
    printf("kill child1 ok.\n");
    exit(0);
}

int main(void)
{
    int parent = getpid();
    int first = fork();
    if (first == 0)
        first_child();
    assert(first > 0);

    int second = fork();
    if (second == 0)
        second_child(parent, first);
    if (second < 0) {
        kill(first);
        panic("no second child: %s", error_text(second));
    }
    printf("wait child 1.\n");
    waitpid(first, NULL);
    panic("waitpid %d returned, but the caller was to be killed", first);
}
