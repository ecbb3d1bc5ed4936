/* SPDX-License-Identifier: MIT */
/*
 * linuxstart - what the kernel gives a program for Linux: arguments, environment, auxiliary vector,
 * registers.
 *
 * Without arguments it executes itself with two arguments and an environment. Then it prints the bytes of its
 * stack, from its first word on, for the test to compare. `linuxstart number N` does it with N in the
 * environment, and prints that: for the course.
 */
#include "linux.h"

#include <ucow/abi.h>

#include "lib/printf.h"
#include "lib/string.h"

extern const char __ehdr_start[];
extern void _start(void);

/* The value of `key` in the auxiliary vector; fails if it is not there. */
static uint32_t aux(const uint32_t *auxv, uint32_t key)
{
    for (; auxv[0] != LINUX_AT_NULL; auxv += 2)
        if (auxv[0] == key)
            return auxv[1];
    print("linuxstart: no entry %u in the auxiliary vector\n", (unsigned)key);
    lx_exit_group(1);
    return 0;
}

static bool has(const uint32_t *auxv, uint32_t key)
{
    for (; auxv[0] != LINUX_AT_NULL; auxv += 2)
        if (auxv[0] == key)
            return true;
    return false;
}

static void check_auxv(const uint32_t *auxv)
{
    const uint8_t *random = (const uint8_t *)(uintptr_t)aux(auxv, LINUX_AT_RANDOM);
    unsigned zeros = 0;
    for (int i = 0; i < LINUX_RANDOM_BYTES; i++)
        zeros += random[i] == 0;
    EXPECT(zeros < LINUX_RANDOM_BYTES / 2, true);
    EXPECT(aux(auxv, LINUX_AT_PAGESZ), 4096);
    EXPECT(aux(auxv, LINUX_AT_PHENT), 32);
    EXPECT(aux(auxv, LINUX_AT_PHDR), (uintptr_t)__ehdr_start + 52);
    EXPECT(aux(auxv, LINUX_AT_PHNUM), *(const uint16_t *)(__ehdr_start + 44));
    EXPECT(aux(auxv, LINUX_AT_ENTRY), (uintptr_t)_start);
    EXPECT(aux(auxv, LINUX_AT_SECURE), 0);
    EXPECT(has(auxv, 32), false); /* AT_SYSINFO: int $0x80 is the only way in */
}

/* Print the memory from `bottom`, which is aligned to 16, to the end of the stack. */
static void print_stack(const uint8_t *bottom)
{
    enum { COLUMNS = 16 };
    for (const uint8_t *at = bottom; (uintptr_t)at < USERTOP; at += COLUMNS) {
        char line[2 * COLUMNS + 1];
        for (int i = 0; i < COLUMNS; i++)
            snprintf(line + (ptrdiff_t)2 * i, 3, "%02x", at[i]);
        print("linuxstart: stack %08x %s\n", (unsigned)(uintptr_t)at, line);
    }
}

int linux_main(const struct start *start)
{
    static const char *const argv[] = {"linuxstart", "first", "", NULL};
    static const char *const envp[] = {"HOME=/", "EMPTY=", NULL};
    char *const *environment = start->argv + start->argc + 1;
    int n = 0;
    EXPECT((uintptr_t)start % 16, 0);
    EXPECT(start->argv[start->argc], NULL);
    while (environment[n] != NULL)
        n++;
    check_auxv((const uint32_t *)(environment + n + 1));
    print("linuxstart: %d arguments, %d of the environment\n", start->argc, n);
    if (start->argc == 1) {
        EXPECT(n, 0);
        EXPECT(lx_execve("/bin/linuxstart", argv, envp), 0);
    }
    if (strcmp(start->argv[1], "number") == 0) {
        const char *const number[] = {start->argv[2], NULL};
        if (n == 0)
            EXPECT(lx_execve("linuxstart", start->argv, number), 0);
        print("linuxstart: the environment has %s\n", environment[0]);
        return 0;
    }
    EXPECT(strcmp(start->argv[1], "first") | strcmp(start->argv[2], ""), 0);
    EXPECT(strcmp(environment[0], "HOME=/") | strcmp(environment[1], "EMPTY="), 0);
    print_stack((const uint8_t *)start);
    print("linuxstart pass.\n");
    return 0;
}
