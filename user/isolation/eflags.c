/* SPDX-License-Identifier: MIT */
/*
 * eflags - the kernel does not run with flags that a program has set (D08): direction flag (string
 * instructions would run backwards), alignment check and nested task.
 */
#include "check.h"

enum { DF = 0x400, NT = 0x4000, AC = 0x40000 };

static const struct {
    const char *name;
    unsigned flags;
} cases[] = {{"no flag", 0}, {"DF", DF}, {"NT", NT}, {"AC", AC}, {"all flags", DF | NT | AC}};

/* Make a system call with the flags `set` added. The flags are restored afterwards. */
static int call_with(unsigned set, int nr, uint32_t a, uint32_t b, uint32_t c)
{
    int result;
    unsigned flags;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    __asm__ volatile("pushl %6; popfl; int $0x80; pushl %5; popfl"
                     : "=a"(result)
                     : "a"(nr), "d"(a), "c"(b), "b"(c), "S"(flags), "D"(flags | set)
                     : "memory", "cc");
    return result;
}

/* Store to a page that is not present, and loop long enough for a timer interrupt. */
static void fault_and_spin_with(unsigned set, volatile char *page)
{
    unsigned flags, count = 2000000;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    __asm__ volatile("pushl %3; popfl; movb $7, (%1); 1: decl %0; jnz 1b; pushl %2; popfl"
                     : "+r"(count)
                     : "r"(page), "r"(flags), "r"(flags | set)
                     : "memory", "cc");
}

static void check_fork(unsigned set, const char *name)
{
    int pid = call_with(set, NR_fork, 0, 0, 0);
    if (pid == 0)
        exit(77);
    assert(pid > 0);
    int code = 0;
    CHECK(call_with(set, NR_wait, pid, (uint32_t)&code, 0), 0, "wait with %s", name);
    CHECK(code, 77, "exit code of a child forked with %s", name);
}

static void check_memory(unsigned set, const char *name)
{
    volatile char *pages = map_pages(3 * PAGE_SIZE, MAP_PRIVATE);
    fault_and_spin_with(set, pages + PAGE_SIZE);
    int sum = 0;
    for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
        sum += pages[i];
    CHECK(sum, 7, "sum of fresh pages with %s", name);
}

static void check_exec(unsigned set, const char *name)
{
    static const char *const argv[] = {"args", "flags"};
    int pid = fork();
    if (pid == 0)
        exit(call_with(set, NR_exec, (uint32_t)argv[0], ARRAY_SIZE(argv), (uint32_t)argv));
    assert(pid > 0);
    CHECK(code_of(pid), 0, "exit code of args executed with %s", name);
}

int main(void)
{
    static const char line[] = "eflags: this line is written with the flags set\n";
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned set = cases[i].flags;
        const char *name = cases[i].name;
        int length = (int)strlen(line);
        CHECK(call_with(set, NR_getpid, 0, 0, 0), getpid(), "getpid with %s", name);
        CHECK(call_with(set, NR_write, STDOUT, (uint32_t)line, (uint32_t)length), length, "write with %s",
              name);
        check_fork(set, name);
        check_memory(set, name);
        check_exec(set, name);
    }
    return pass();
}
