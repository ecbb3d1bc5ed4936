/* SPDX-License-Identifier: MIT */
/*
 * linuxlife - fork, wait4, kill and their status words and errors, as Linux has them.
 */
#include "linux.h"

#define KILLED_BY(signal) (signal)
#define EXITED(code) ((code) << 8)

/* Fork a child that calls `child` and exits with its result. Returns its pid. */
static int spawn(int (*child)(void))
{
    int pid = lx_fork();
    if (pid == 0)
        lx_exit(child());
    EXPECT(pid > 0, true);
    return pid;
}

/* Wait for `pid`. Returns the status word. */
static int status_of(int pid)
{
    int status = -1;
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    return status;
}

static int exits_with_300(void)
{
    return 300;
}

static int divides_by_zero(void)
{
    __asm__ volatile("divl %%ecx" : : "a"(1), "d"(0), "c"(0));
    return 0;
}

static int reads_address_0(void)
{
    return *(volatile int *)8;
}

static int executes_nonsense(void)
{
    __asm__ volatile("ud2");
    return 0;
}

static int loads_bad_selector(void)
{
    __asm__ volatile("movw %w0, %%gs" : : "r"(0x7B));
    return 0;
}

static int waits_forever(void)
{
    for (;;)
        lx_sched_yield();
}

static int pauses(void)
{
    lx_pause();
    return 1;
}

/* No other process is runnable meanwhile, so the child gets as far as it can with every scheduling policy. */
static void let_child_run(void)
{
    EXPECT(lx_nanosleep(&(uint32_t[]){0, 20000000}, NULL), 0);
}

static void check_deaths(void)
{
    EXPECT(status_of(spawn(exits_with_300)), EXITED(300 & 0xFF));
    EXPECT(status_of(spawn(divides_by_zero)), KILLED_BY(8));
    EXPECT(status_of(spawn(reads_address_0)), KILLED_BY(11));
    EXPECT(status_of(spawn(executes_nonsense)), KILLED_BY(4));
    EXPECT(status_of(spawn(loads_bad_selector)), KILLED_BY(11));
}

static void check_kill(void)
{
    static const int fatal[] = {1, 2, 3, 6, 9, 15, 64};
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        int pid = spawn(waits_forever);
        EXPECT(lx_kill(pid, 0), 0);
        EXPECT(lx_kill(pid, LINUX_SIGCHLD), 0);
        EXPECT(lx_kill(pid, fatal[i]), 0);
        EXPECT(status_of(pid), KILLED_BY(fatal[i]));
        EXPECT(lx_kill(pid, 0), -LINUX_ESRCH);
    }
    int asleep = spawn(pauses);
    let_child_run();
    EXPECT(lx_kill(asleep, LINUX_SIGCHLD), 0); /* does nothing, and so wakes no one */
    let_child_run();
    EXPECT(lx_wait4(asleep, NULL, (int)LINUX_WNOHANG, NULL), 0);
    EXPECT(lx_kill(asleep, 15), 0);
    EXPECT(status_of(asleep), KILLED_BY(15));
    int zombie = spawn(exits_with_300);
    let_child_run();
    EXPECT(lx_kill(zombie, 9), 0);
    EXPECT(status_of(zombie), EXITED(300 & 0xFF));
    EXPECT(lx_kill(1, 9), 0); /* init ignores every signal */
    EXPECT(lx_kill(lx_getpid(), 65), -LINUX_EINVAL);
    EXPECT(lx_kill(lx_getpid(), -1), -LINUX_EINVAL);
    EXPECT(lx_kill(INT32_MIN, 9), -LINUX_ESRCH);
    EXPECT(lx_kill(lx_getpid(), LINUX_SIGSTOP), -LINUX_ENOSYS);
}

static void check_wait(void)
{
    int status = -1;
    char usage[LINUX_RUSAGE_BYTES];
    EXPECT(lx_wait4(-1, &status, 0, NULL), -LINUX_ECHILD);
    EXPECT(lx_wait4(lx_getpid(), &status, 0, NULL), -LINUX_ECHILD);
    EXPECT(lx_wait4(-12345, &status, 0, NULL), -LINUX_ECHILD);
    EXPECT(lx_wait4(INT32_MIN, &status, 0, NULL), -LINUX_ESRCH);
    EXPECT(lx_wait4(-1, &status, 4, NULL), -LINUX_EINVAL);
    int pid = spawn(waits_forever);
    EXPECT(lx_wait4(-1, &status, (int)LINUX_WNOHANG, NULL), 0);
    EXPECT(lx_wait4(pid, &status, (int)LINUX_WNOHANG, NULL), 0);
    EXPECT(status, -1);
    EXPECT(lx_kill(pid, 15), 0);
    EXPECT(lx_wait4(0, &status, 0, usage), pid);
    EXPECT(status, KILLED_BY(15));
    pid = spawn(exits_with_300);
    EXPECT(lx_waitpid(pid, (void *)8, 0), -LINUX_EFAULT);
    EXPECT(lx_waitpid(pid, NULL, 0), -LINUX_ECHILD); /* as on Linux, it is gone all the same */
}

static const struct linux_sigaction ignoring = {.handler = LINUX_SIG_IGN};
static const uint64_t blocking = 1ull << 14; /* SIGTERM */

/* What executes_with_most() executes. */
static int executed(int argc)
{
    struct linux_sigaction old;
    uint64_t blocked = 0;
    EXPECT(lx_rt_sigaction(2, NULL, &old, 8), 0);
    EXPECT(old.handler, LINUX_SIG_IGN);
    EXPECT(lx_rt_sigprocmask(LINUX_SIG_BLOCK, &blocking, &blocked, 8), 0);
    EXPECT(blocked == blocking, true);
    return argc;
}

/* Signals that are blocked are pending, and end the process when they no longer are; ignored ones do nothing.
 */
static int blocks_and_unblocks(void)
{
    const uint64_t term = 1ull << 14, none = 0;
    uint64_t was = 1;
    const struct linux_sigaction ignore = {.handler = LINUX_SIG_IGN};
    const struct linux_sigaction handler = {.handler = 0x08050000};
    struct linux_sigaction old;
    EXPECT(lx_rt_sigaction(2, &ignore, NULL, 8), 0);
    EXPECT(lx_rt_sigaction(2, NULL, &old, 8), 0);
    EXPECT(old.handler, LINUX_SIG_IGN);
    EXPECT(lx_rt_sigaction(15, &handler, NULL, 8), -LINUX_ENOSYS);
    EXPECT(lx_rt_sigaction(9, &ignore, NULL, 8), -LINUX_EINVAL);
    EXPECT(lx_rt_sigaction(2, &ignore, NULL, 4), -LINUX_EINVAL);
    EXPECT(lx_kill(lx_getpid(), 2), 0);
    EXPECT(lx_rt_sigprocmask(LINUX_SIG_BLOCK, &term, &was, 8), 0);
    EXPECT((int)was, 0);
    EXPECT(lx_tkill(lx_gettid(), 15), 0);
    EXPECT(lx_rt_sigprocmask(7, &none, NULL, 8), -LINUX_EINVAL);
    lx_rt_sigprocmask(LINUX_SIG_SETMASK, &none, NULL, 8);
    return 1;
}

enum { MOST = 64, MOST_ARGS = 40 }; /* strings of both vectors; of the first */

/* Both vectors have just so many strings as there is room for. A child does it, which inherits what becomes
 * of signals. */
static int executes_with_most(void)
{
    static const char *argv[MOST_ARGS + 1], *envp[MOST - MOST_ARGS + 1];
    EXPECT(lx_rt_sigaction(2, &ignoring, NULL, 8), 0);
    EXPECT(lx_rt_sigprocmask(LINUX_SIG_BLOCK, &blocking, NULL, 8), 0);
    int pid = lx_fork();
    if (pid != 0)
        return status_of(pid) >> 8;
    for (int i = 0; i < MOST_ARGS; i++)
        argv[i] = "a";
    for (int i = 0; i < MOST - MOST_ARGS; i++)
        envp[i] = "A=";
    return -lx_execve("linuxlife", argv, envp);
}

/* An environment larger than there is room for, in strings and in bytes. */
static void check_execve(void)
{
    static const char *many[66], *const none[] = {NULL};
    static char large[5000];
    const char *const one[] = {large, NULL};
    for (int i = 0; i < 65; i++)
        many[i] = "A=";
    for (unsigned i = 0; i < sizeof(large) - 1; i++)
        large[i] = 'a';
    EXPECT(lx_execve("linuxlife", none, many), -LINUX_E2BIG);
    EXPECT(lx_execve("linuxlife", many, none), -LINUX_E2BIG);
    EXPECT(lx_execve("linuxlife", none, one), -LINUX_E2BIG);
    EXPECT(lx_execve("linuxlife", one, none), -LINUX_E2BIG);
    EXPECT(status_of(spawn(executes_with_most)), MOST_ARGS << 8);
}

#define CLOCK 0 /* CLOCK_REALTIME */
#define NSEC_PER_TICK 10000000u
#define NAP_TICKS 2

static uint64_t ticks_in(uint64_t seconds, uint32_t nsec)
{
    return seconds * (1000000000u / NSEC_PER_TICK) + nsec / NSEC_PER_TICK;
}

/* The time by clock_gettime64(); `time` gets it, too. */
static uint64_t clock_ticks(uint32_t time[4])
{
    EXPECT(lx_clock_gettime64(CLOCK, time), 0);
    return ticks_in(time[0] | (uint64_t)time[1] << 32, time[2]);
}

static bool is_soon_after(uint64_t ticks, uint64_t begin, unsigned least)
{
    return ticks >= begin + least && ticks <= begin + least + 3;
}

/* For longer than 64 bits of ticks can say. */
static int sleeps_for_ages(void)
{
    static const uint32_t ages[] = {0, 0x40000000, 0, 0};
    return lx_clock_nanosleep_time64(CLOCK, 0, ages, NULL);
}

/* All clocks have the same time, and it goes on by what a sleep lasts, however long ago the boot was. */
static void check_clocks(void)
{
    static const uint32_t nap[] = {0, NAP_TICKS * NSEC_PER_TICK};
    int status = -1, sleeper = spawn(sleeps_for_ages);
    for (int i = 0; i < 8; i++) {
        uint32_t time[4], narrow[2], micro[2];
        uint64_t begin = clock_ticks(time);
        EXPECT(lx_clock_gettime(CLOCK, narrow), 0);
        EXPECT(lx_gettimeofday(micro, NULL), 0);
        EXPECT(is_soon_after(ticks_in(narrow[0], narrow[1]), begin, 0), true);
        EXPECT(is_soon_after(ticks_in(micro[0], micro[1] * 1000), begin, 0), true);
        EXPECT((uint32_t)lx_time(NULL) - time[0] <= 1, true);
        EXPECT(lx_nanosleep(nap, NULL), 0);
        EXPECT(is_soon_after(clock_ticks(time), begin, NAP_TICKS), true);
        begin = clock_ticks(time);
        EXPECT(lx_clock_nanosleep_time64(CLOCK, LINUX_TIMER_ABSTIME, time, NULL), 0);
        EXPECT(is_soon_after(clock_ticks(time), begin, 0), true);
    }
    EXPECT(lx_waitpid(sleeper, &status, (int)LINUX_WNOHANG), 0);
    EXPECT(lx_kill(sleeper, 9), 0);
    EXPECT(status_of(sleeper), KILLED_BY(9));
}

/* Calls that are not there: two that Linux has, of which one is the first of the kernel's table, and numbers
 * around its end. */
static void check_missing(void)
{
    static const uint32_t missing[] = {0, LX_NR_open, 511, 512, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        EXPECT(lx_call(missing[i], 1, 2, 3, 4, 5, 6), -LINUX_ENOSYS);
}

int linux_main(const struct start *start)
{
    if (start->argc > 1)
        return executed(start->argc);
    EXPECT(lx_getppid() > 0, true); /* the parent is no program for Linux */
    check_missing();
    check_clocks();
    check_execve();
    check_wait();
    check_deaths();
    check_kill();
    EXPECT(status_of(spawn(blocks_and_unblocks)), KILLED_BY(15));
    print("linuxlife pass.\n");
    return 0;
}
