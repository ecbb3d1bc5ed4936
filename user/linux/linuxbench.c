/* SPDX-License-Identifier: MIT */
/*
 * linuxbench - what operations cost a program for Linux, in ticks of the time stamp counter: on ucow, and on
 * Linux, where it is the first process of a machine and powers it off at its end. tools/bench --linux makes a
 * table of both.
 *
 * Each row is the median of its samples without the cost of reading the counter, as in user/bench/bench.c.
 */
#include "linux.h"

#include "lib/string.h"

#define PAGE 4096u
#define PAGES 1024u  /* 4 MiB */
#define SHARED 0x21u /* MAP_SHARED | MAP_ANONYMOUS */
#define POWER_OFF 0x4321FEDCu

enum { SAMPLES = 15 };

typedef uint32_t sample_fn(void);

static uint32_t overhead;
static volatile char *pages;

static inline uint32_t ticks_now(void)
{
    uint32_t low;
    __asm__ volatile("rdtsc" : "=a"(low) : : "edx", "memory");
    return low;
}

static uint32_t since(uint32_t start)
{
    uint32_t ticks = ticks_now() - start;
    return ticks > overhead ? ticks - overhead : 0;
}

static void write_pages(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        pages[i * PAGE] = 1;
}

static uint32_t nothing(void)
{
    uint32_t start = ticks_now();
    return ticks_now() - start;
}

static uint32_t getpid_once(void)
{
    uint32_t start = ticks_now();
    lx_getpid();
    return since(start);
}

static uint32_t yield_once(void)
{
    uint32_t start = ticks_now();
    lx_sched_yield();
    return since(start);
}

static int yielding_child(void)
{
    int pid = lx_fork();
    while (pid == 0)
        lx_sched_yield();
    lx_sched_yield();
    return pid;
}

static uint32_t kill_and_wait(int pid)
{
    uint32_t start = ticks_now();
    lx_kill(pid, LINUX_SIGKILL);
    lx_wait4(pid, NULL, 0, NULL);
    return since(start);
}

static volatile uint32_t *shared; /* a page that children have, too */

/* Give the turn to the other process, and sleep until it comes back. */
static void pass_turn(uint32_t mine)
{
    const void *word = (const void *)(uintptr_t)&shared[0];
    shared[0] = !mine;
    lx_futex6(word, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0);
    while (shared[0] != mine)
        lx_futex6(word, LINUX_FUTEX_WAIT, !mine, NULL, NULL, 0);
}

/* Two processes wake each other in turn: half a round has one switch, one wake and one wait. */
static uint32_t switch_by_futex(void)
{
    enum { ROUNDS = 8 };
    shared[0] = 0;
    int pid = lx_fork();
    while (pid == 0)
        pass_turn(1);
    pass_turn(0);
    uint32_t start = ticks_now();
    for (int i = 0; i < ROUNDS; i++)
        pass_turn(0);
    uint32_t ticks = since(start) / (2 * ROUNDS);
    kill_and_wait(pid);
    return ticks;
}

static uint32_t fork_exit_wait(void)
{
    uint32_t start = ticks_now();
    int pid = lx_fork();
    if (pid == 0)
        lx_exit_group(0);
    lx_wait4(pid, NULL, 0, NULL);
    return since(start);
}

static uint32_t fork_write_exit_wait(void)
{
    uint32_t start = ticks_now();
    int pid = lx_fork();
    if (pid == 0) {
        write_pages();
        lx_exit_group(0);
    }
    lx_wait4(pid, NULL, 0, NULL);
    return since(start);
}

static uint32_t exec_once(void)
{
    static const char *const argv[] = {"linuxbench", "nop", NULL}, *const none[] = {NULL};
    uint32_t start = ticks_now();
    int pid = lx_fork();
    if (pid == 0) {
        lx_execve("/linuxbench", argv, none);
        lx_exit_group(1);
    }
    int status = -1;
    lx_wait4(pid, &status, 0, NULL);
    uint32_t ticks = since(start);
    EXPECT(status, 0);
    return ticks;
}

static uint32_t kill_yielding(void)
{
    return kill_and_wait(yielding_child());
}

/* A write fault of each page of fresh memory, and, in a child, of memory that the parent has, too. */
static uint32_t demand_zero(void)
{
    enum { FRESH = 64 };
    volatile char *fresh = (volatile char *)(uintptr_t)(unsigned)lx_mmap2(0, FRESH * PAGE, LX_RW, LX_PRIVATE);
    fresh[0] = 1; /* the page table is there */
    uint32_t start = ticks_now();
    for (unsigned i = 1; i < FRESH; i++)
        fresh[i * PAGE] = 1;
    uint32_t ticks = since(start) / (FRESH - 1);
    lx_munmap((uintptr_t)fresh, FRESH * PAGE);
    return ticks;
}

static uint32_t cow_copy(void)
{
    shared[0] = 0;
    int pid = lx_fork();
    if (pid == 0) {
        pages[0] = 1;
        uint32_t start = ticks_now();
        for (unsigned i = 1; i < 65; i++)
            pages[i * PAGE] = 1;
        shared[0] = since(start) / 64;
        lx_exit_group(0);
    }
    lx_wait4(pid, NULL, 0, NULL);
    return shared[0];
}

static void measure(const char *row, sample_fn *sample)
{
    uint32_t samples[SAMPLES];
    sample();
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint32_t ticks = sample();
        unsigned at = i;
        for (; at > 0 && samples[at - 1] > ticks; at--)
            samples[at] = samples[at - 1];
        samples[at] = ticks;
    }
    if (sample == nothing)
        overhead = samples[SAMPLES / 2];
    else
        print("bench: %s = %u\n", row, (unsigned)samples[SAMPLES / 2]);
}

int linux_main(const struct start *start)
{
    if (start->argc > 1 && strcmp(start->argv[1], "nop") == 0)
        return 0;
    shared = (volatile uint32_t *)(uintptr_t)(unsigned)lx_mmap2(0, PAGE, LX_RW, SHARED);
    measure("nothing", nothing);
    measure("getpid", getpid_once);
    measure("yield", yield_once);
    measure("switch", switch_by_futex);
    measure("fork", fork_exit_wait);
    measure("exec", exec_once);
    measure("kill", kill_yielding);
    measure("demand-zero", demand_zero);
    pages = (volatile char *)(uintptr_t)(unsigned)lx_mmap2(0, PAGES * PAGE, LX_RW, LX_PRIVATE);
    write_pages();
    measure("cow-copy", cow_copy);
    measure("fork-4M", fork_exit_wait);
    measure("fork-4M-write", fork_write_exit_wait);
    print("linuxbench pass.\n");
    if (lx_getpid() == 1)
        lx_call(LX_NR_reboot, 0xFEE1DEADu, 0x28121969u, POWER_OFF, 0, 0, 0);
    return 0;
}
