/* SPDX-License-Identifier: MIT */
/*
 * textshare - two processes run the same program and may share its text pages: each reads the right text,
 * and neither can change it (D18).
 *
 * It executes itself as `textshare SUM`, with the checksum that the text must have.
 */
#include "check.h"

/* The end of text and constants, from the linker script. */
extern const char etext[];

static unsigned text_sum(void)
{
    unsigned sum = 0;
    for (const volatile unsigned char *p = (const unsigned char *)USER_TEXT; p < (const unsigned char *)etext;
         p++)
        sum = sum * 31 + *p;
    return sum;
}

static int run(const char *sum)
{
    const char *const argv[] = {"textshare", sum};
    int pid = fork();
    if (pid == 0)
        exit(exec("textshare", ARRAY_SIZE(argv), argv));
    assert(pid > 0);
    return pid;
}

static int store(void *addr)
{
    *(volatile char *)addr = 0;
    return 0;
}

int main(int argc, char *argv[])
{
    char sum[12];
    snprintf(sum, sizeof(sum), "%08x", text_sum());
    if (argc == 2) {
        yield();
        return strcmp(sum, argv[1]) == 0 ? 0 : 1;
    }

    int first = run(sum), second = run(sum);
    CHECK(child_code(store, (void *)USER_TEXT), -E_KILLED, "store to the first instruction");
    CHECK(child_code(store, (void *)(uintptr_t)(etext - 1)), -E_KILLED, "store to the last constant");
    CHECK(code_of(first), 0, "exit code of the first run");
    CHECK(code_of(second), 0, "exit code of the second run");
    CHECK(code_of(run(sum)), 0, "exit code of a later run");
    return pass();
}
