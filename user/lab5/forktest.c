/* SPDX-License-Identifier: MIT */
/*
 * forktest - forks 32 children, and exactly 32 can be waited for. Each begins with the bytes of its parent.
 */
#include "ulib.h"

enum { CHILDREN = 32, PATTERN = 0x5A };

static volatile unsigned char in_data[64];

/* Whether the process has the bytes that its parent wrote before the first fork. */
static bool has_bytes(void)
{
    for (unsigned i = 0; i < sizeof(in_data); i++)
        if (in_data[i] != (unsigned char)(PATTERN + i))
            return false;
    return true;
}

int main(void)
{
    for (unsigned i = 0; i < sizeof(in_data); i++)
        in_data[i] = (unsigned char)(PATTERN + i);
    for (int n = 0; n < CHILDREN; n++) {
        int pid = fork();
        if (pid == 0) {
            if (!has_bytes())
                panic("child %d sees other bytes than its parent wrote", n);
            printf("I am child %d\n", n);
            exit(0);
        }
        assert(pid > 0);
    }
    for (int n = 0; n < CHILDREN; n++) {
        int code;
        if (waitpid(0, &code) != 0)
            panic("wait found %d children, %d were made", n, CHILDREN);
        if (code != 0)
            panic("a child ended with exit code %d", code);
    }
    if (wait() == 0)
        panic("wait found one child too many");
    printf("forktest pass.\n");
    return 0;
}
