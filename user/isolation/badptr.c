/* SPDX-License-Identifier: MIT */
/*
 * badptr - every system call that takes a pointer gets every kind of bad one. It returns -E_INVAL, does
 * nothing, and the caller continues (D04, D05, D14, D33).
 */
#include "check.h"

static const char own_text[] = "constants cannot be written, not by the kernel either";

/* The end of a page that is followed by an unmapped one. */
static char *border;

/* Each returns the result of a call with pointer `p`; the call reads or writes more than one byte there. */
static int call_wait(char *p)
{
    return waitpid(0, (int *)p);
}

static int call_read(char *p)
{
    return read(STDIN, p, 4);
}

static int call_write(char *p)
{
    return write(STDOUT, p, 4);
}

static int call_procs(char *p)
{
    return sys_procs(p, 1, 0);
}

static int call_meminfo(char *p)
{
    return sys_meminfo(p);
}

static int call_exec_name(char *p)
{
    const char *const argv[] = {"x"};
    return exec(p, 1, argv);
}

static int call_exec_argv(char *p)
{
    return exec("args", 2, (const char *const *)p);
}

static int call_exec_string(char *p)
{
    const char *const argv[] = {"args", p};
    return exec("args", 2, argv);
}

static const struct {
    const char *name;
    int (*call)(char *p);
    bool kernel_writes;
    bool null_is_fine;
} calls[] = {
    {"wait", call_wait, true, true},
    {"read", call_read, true, false},
    {"write", call_write, false, false},
    {"procs", call_procs, true, false},
    {"meminfo", call_meminfo, true, false},
    {"exec of a name", call_exec_name, false, false},
    {"exec with argv", call_exec_argv, false, false},
    {"exec with argv[1]", call_exec_string, false, false},
};

static void check_address(char *p)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (p != NULL || !calls[i].null_is_fine)
            CHECK(calls[i].call(p), -E_INVAL, "%s at 0x%08zx", calls[i].name, (uintptr_t)p);
    }
}

static void check_addresses(void)
{
    static const uintptr_t addresses[] = {
        0,       1,           0x1000,     USERBASE - 4, USERBASE - 1, USERBASE,   0x40000000, USERTOP - 1,
        USERTOP, USERTOP + 1, 0xC0000000, 0xC0100000,   0xFAC00000,   0xFFFFFFFC, 0xFFFFFFFF,
    };
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
        check_address((char *)addresses[i]);
    check_address(border - 1);
    check_address(border);
}

static void check_read_only(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (calls[i].kernel_writes)
            CHECK(calls[i].call((char *)own_text), -E_INVAL, "%s into a constant", calls[i].name);
    }
    CHECK(own_text[0], 'c', "the constant");
}

static void check_lengths(void)
{
    /* read() may return less than requested, so only write() must check the whole buffer. */
    static const size_t lengths[] = {5, PAGE_SIZE, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
        CHECK(write(STDOUT, border - 4, lengths[i]), -E_INVAL, "write of 0x%zx bytes", lengths[i]);
    CHECK(write(7, border - 4, 4), -E_INVAL, "write to descriptor 7");
    CHECK(write(-1, border - 4, 4), -E_INVAL, "write to descriptor -1");
    CHECK(read(7, border - 4, 4), -E_INVAL, "read from descriptor 7");
}

int main(void)
{
    enum { CODE = 0x1234567 };
    int pid = fork();
    if (pid == 0)
        exit(CODE);
    assert(pid > 0);
    await_state(pid, ZOMBIE);

    border = (char *)map_pages(2 * PAGE_SIZE, MAP_PRIVATE) + PAGE_SIZE;
    memset(border - PAGE_SIZE, 'x', PAGE_SIZE);
    assert(munmap(border, PAGE_SIZE) == 0);
    /* An argv string that begins at the last byte of user space, without a NUL in it. */
    *(volatile char *)(USERTOP - 1) = 'x';

    check_addresses();
    check_read_only();
    check_lengths();
    CHECK(code_of(pid), CODE, "exit code of the child that waited through all this");
    return pass();
}
