/* SPDX-License-Identifier: MIT */
/*
 * threads - clone with CLONE_VM: processes that share an address space. They increment one counter, see
 * each other's mappings, die separately, and leave the shared memory with exec.
 */
#include "check.h"

enum { THREADS = 4, ROUNDS = 2000, STACK_SIZE = 4 * PAGE_SIZE };

static char stacks[THREADS][STACK_SIZE] __attribute__((aligned(16)));
static volatile int counter;
static void *volatile mapping;

static int start(int number, int (*body)(void *arg), void *arg)
{
    int pid = thread_start(body, arg, stacks[number] + STACK_SIZE);
    if (pid < 0)
        panic("thread %d: %s", number, error_text(pid));
    return pid;
}

static int count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
        if (i % 100 == 0)
            yield();
    }
    return (int)(intptr_t)arg;
}

static int map(void *arg)
{
    (void)arg;
    mapping = map_pages(PAGE_SIZE, MAP_PRIVATE);
    *(volatile int *)mapping = 0x7ead;
    return 0;
}

static int fault(void *arg)
{
    return *(volatile int *)arg;
}

static int run_args(void *arg)
{
    const char *const argv[] = {"args", arg};
    return exec("args", ARRAY_SIZE(argv), argv);
}

static int stack_alignment(void *arg)
{
    (void)arg;
    return (int)((uintptr_t)__builtin_frame_address(0) % 16);
}

/* A child of a thread has a copy of the memory, like any child. */
static int child_of_thread(void *arg)
{
    counter = 5;
    int pid = fork();
    if (pid == 0) {
        counter = 6;
        exit(counter);
    }
    (void)arg;
    return code_of(pid) * 10 + counter;
}

static void check_counting(void)
{
    int pids[THREADS];
    for (int i = 0; i < THREADS; i++)
        pids[i] = start(i, count, (void *)(100 + i));
    for (int i = 0; i < THREADS; i++)
        CHECK(code_of(pids[i]), 100 + i, "exit code of thread %d", i);
    CHECK(counter, THREADS * ROUNDS, "the threads' common count");
}

int main(void)
{
    check_counting();
    CHECK(code_of(start(0, map, NULL)), 0, "exit code of the thread that maps");
    CHECK(*(volatile int *)mapping, 0x7ead, "its mapping, after it");
    CHECK(code_of(start(0, fault, NULL)), -E_KILLED, "exit code of the thread that faults");
    CHECK(code_of(start(0, child_of_thread, NULL)), 65, "exit code of the thread that forks");
    CHECK(counter, 5, "the count after it");
    CHECK(code_of(start(0, stack_alignment, NULL)), 8, "a thread's frame, modulo 16");
    CHECK(code_of(start(0, run_args, (void *)"from a thread")), 0, "exit code of the thread that runs args");
    CHECK(counter, 5, "the count after exec");
    CHECK(sys_clone(1, 0), -E_INVAL, "clone with unknown flags");
    CHECK(sys_clone(~CLONE_VM, 0), -E_INVAL, "clone with all but the known flag");
    return pass();
}
