/* SPDX-License-Identifier: MIT */
/*
 * check - helpers of test programs.
 */
#include "check.h"

void check_at(const char *file, int line, const char *program, int value, int wanted, const char *fmt, ...)
{
    char what[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    printf("%s: %s = %d\n", program, what, value);
    if (value != wanted)
        panic_at(file, line, "%s is %d, should be %d", what, value, wanted);
}

int code_of(int pid)
{
    int code;
    int error = waitpid(pid, &code);
    if (error != 0)
        panic("wait for process %d: %s", pid, error_text(error));
    return code;
}

int child_code(int (*body)(void *arg), void *arg)
{
    int pid = fork();
    if (pid == 0)
        exit(body(arg));
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return code_of(pid);
}

struct proc_info proc_of(int pid)
{
    struct proc_info info = {0};
    if (sys_procs(&info, 1, pid) < 1 || info.pid != pid)
        panic("there is no process %d", pid);
    return info;
}

void await_state(int pid, unsigned state)
{
    while (proc_of(pid).state != state)
        yield();
}

void *map_pages(size_t bytes, unsigned share)
{
    void *pages = mmap(0, bytes, PROT_READ | PROT_WRITE, share | MAP_ANONYMOUS);
    if (mmap_error(pages) != 0)
        panic("mmap of %zu bytes: %s", bytes, error_text(mmap_error(pages)));
    return pages;
}

int pass_as(const char *program)
{
    printf("%s pass.\n", program);
    return 0;
}
