/* SPDX-License-Identifier: MIT */
/*
 * linuxpoints - makes each call of Linux that allocates or copies once, and ends whatever fails: for
 * tools/inject, which makes each allocation and copy fail in turn. What a failure may not do, the kernel's
 * checks and the trace tell.
 */
#include "linux.h"

#define PAGE 4096u
#define THREAD                                                                                        \
    (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD | \
     LINUX_CLONE_SYSVSEM | LINUX_CLONE_CHILD_SETTID | LINUX_CLONE_CHILD_CLEARTID)

static uint32_t stack[512], word;
static volatile int tid;
static const uint32_t tick[2] = {0, 1000000};

static int thread(void)
{
    lx_futex6(&word, LINUX_FUTEX_WAIT, 0, tick, NULL, 0);
    return 0;
}

/* A thread, whose end is awaited for a while: the word that tells it may have failed to be written. */
static void try_thread(void)
{
    stack[500] = (uint32_t)(uintptr_t)thread;
    if (clone_onto(THREAD, &stack[500], NULL, (int *)(uintptr_t)&tid) > 0)
        for (int i = 0; i < 10 && tid != 0; i++)
            lx_nanosleep(tick, NULL);
    lx_futex6(&word, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0);
    lx_futex6(&word, LINUX_FUTEX_CMP_REQUEUE, 1, NULL, &word, 0);
}

/* Rights of the middle of three pages that a child has, too: a region is split, tables and pages may be
 * copied. */
static void try_mprotect(void)
{
    int at = lx_mmap2(0, 3 * PAGE, LX_RW, LX_PRIVATE);
    if (at < 0 && at > -4096)
        return;
    volatile uint32_t *pages = (volatile uint32_t *)(uintptr_t)(unsigned)at;
    pages[PAGE / 4] = 1;
    lx_mprotect((unsigned)at, 3 * PAGE, 1);
    int pid = lx_fork();
    if (lx_mprotect((unsigned)at + PAGE, PAGE, LX_RW) == 0)
        pages[PAGE / 4] = 2;
    if (pid == 0)
        lx_exit_group(0);
    lx_wait4(pid, NULL, 0, NULL);
    lx_munmap((unsigned)at, 3 * PAGE);
}

static void try_copies(void)
{
    static char bytes[400];
    static uint64_t none;
    static struct linux_sigaction action;
    static const struct linux_iovec parts[] = {{(uint32_t)(uintptr_t) "\n", 1}};
    const uint32_t map[6] = {0, PAGE, LX_RW, LX_PRIVATE, UINT32_MAX, 0};
    lx_uname(bytes);
    lx_sysinfo(bytes);
    lx_getrandom(bytes, sizeof(bytes), 0);
    lx_clock_gettime(0, bytes);
    lx_rt_sigaction(10, &action, &action, 8);
    lx_rt_sigprocmask(0, &none, &none, 8);
    lx_writev(1, parts, 1);
    lx_mmap(map);
}

static void try_execve(void)
{
    static const char *const argv[] = {"linuxpoints", "nop", NULL}, *const envp[] = {"A=b", NULL};
    int status, pid = lx_fork();
    if (pid == 0) {
        lx_execve("/bin/linuxpoints", argv, envp);
        lx_exit_group(0);
    }
    lx_wait4(pid, &status, 0, NULL);
}

int linux_main(const struct start *start)
{
    const struct linux_user_desc tls = {UINT32_MAX, (uint32_t)(uintptr_t)stack, 0xFFFFF, LINUX_TLS_FLAT};
    if (start->argc > 1)
        return 0;
    lx_set_thread_area(&tls);
    try_thread();
    try_mprotect();
    try_copies();
    try_execve();
    print("linuxpoints pass.\n");
    return 0;
}
