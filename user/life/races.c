/* SPDX-License-Identifier: MIT */
/*
 * races - kills at arbitrary times: two processes that share an address space fork, write and unmap as
 * fast as they can, until their parent, which shares copy-on-write pages with them, kills them. The
 * parent's memory stays as it was, and theirs is freed (D80).
 */
#include "check.h"

enum { ROUNDS = 60, PAGES = 16, STEP_TURNS = 3000, STACK_BYTES = 4 * PAGE_SIZE };

static volatile unsigned pages[PAGES][PAGE_SIZE / sizeof(unsigned)];
static char stack[STACK_BYTES] __attribute__((aligned(16)));

static int write_all(unsigned value)
{
    for (int i = 0; i < PAGES; i++)
        pages[i][i] = value;
    return 0;
}

/* Returns the number of pages that no longer hold what the parent wrote. */
static int damaged(void)
{
    int count = 0;
    for (int i = 0; i < PAGES; i++)
        count += pages[i][i] != 0x900d;
    return count;
}

static int fork_and_write(void *arg)
{
    (void)arg;
    for (unsigned value = 0;; value++) {
        int pid = fork();
        if (pid == 0)
            exit(write_all(value));
        write_all(value);
        waitpid(pid, NULL);
    }
}

static int map_and_write(void *arg)
{
    (void)arg;
    for (unsigned value = 0;; value++) {
        volatile char *mapping = map_pages(4 * PAGE_SIZE, MAP_PRIVATE);
        mapping[PAGE_SIZE] = mapping[3 * PAGE_SIZE] = 1;
        write_all(value);
        yield();
        munmap(mapping, 4 * PAGE_SIZE);
    }
}

/* The child to be killed: start a thread, store its pid in *thread, and never stop. */
static int two(volatile int *thread)
{
    *thread = thread_start(map_and_write, NULL, stack + STACK_BYTES);
    return fork_and_write(NULL);
}

static unsigned user_pages(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.user;
}

/* Let child and thread run for a time that depends on `number`, and kill both, in alternating order. */
static void round_of(int number, volatile int *thread)
{
    *thread = 0;
    int pid = fork();
    if (pid == 0)
        exit(two(thread));
    assert(pid > 0);
    while (*thread == 0)
        yield();
    for (volatile int turns = number * STEP_TURNS; turns > 0; turns--)
        ;
    for (int i = 0; i < number % 7; i++)
        yield();
    int first = number % 2 ? *thread : pid, second = number % 2 ? pid : *thread;
    assert(kill(first) == 0);
    yield();
    assert(kill(second) == 0);
    assert(code_of(pid) == -E_KILLED);
}

/* Wait until `count` processes are left: init reaps former grandchildren some time later. */
static void await_processes(unsigned count)
{
    struct mem_info info;
    do {
        yield();
        assert(sys_meminfo(&info) == 0);
    } while (info.processes != count);
}

int main(void)
{
    volatile int *thread = map_pages(PAGE_SIZE, MAP_SHARED);
    write_all(0x900d);
    round_of(0, thread);
    await_processes(2);
    unsigned user = user_pages();
    for (int i = 1; i < ROUNDS; i++) {
        round_of(i, thread);
        await_processes(2);
        if (damaged() != 0)
            panic("round %d: %d pages changed", i, damaged());
    }
    CHECK(damaged(), 0, "pages changed by others");
    CHECK((int)(user_pages() - user), 0, "user pages that did not come back");
    return pass();
}
