/* SPDX-License-Identifier: MIT */
/*
 * orphans - a process whose parent ends becomes a child of init, which reaps it: a chain of orphans, and
 * parents with living and dead children (D82).
 */
#include "check.h"

enum { INIT = 1, GENERATIONS = 20, CHILDREN = 10 };

static unsigned processes(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.processes;
}

static void await_processes(unsigned count)
{
    while (processes() != count)
        yield();
}

/* Each generation forks the next and ends; the last one waits until init is its parent and reports it. */
static int chain(void *adopted)
{
    for (int i = 0; i < GENERATIONS; i++) {
        int pid = fork();
        assert(pid >= 0);
        if (pid > 0)
            return 0;
    }
    while (proc_of(getpid()).parent != INIT)
        yield();
    *(volatile int *)adopted = 1;
    return 0;
}

/* Exit with zombie children (even numbers) and living children (odd numbers). */
static int family(void *adopted)
{
    for (int i = 0; i < CHILDREN; i++) {
        int pid = fork();
        assert(pid >= 0);
        if (pid > 0) {
            if (i % 2 == 0)
                await_state(pid, ZOMBIE);
            continue;
        }
        if (i % 2 == 0)
            return 0;
        while (proc_of(getpid()).parent != INIT)
            yield();
        __atomic_fetch_add((int *)adopted, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    return 0;
}

/* Exit with zombie children only: only this exit can tell init about them. */
static int survivors(void *arg)
{
    (void)arg;
    for (int i = 0; i < CHILDREN; i++) {
        int pid = fork();
        assert(pid >= 0);
        if (pid == 0)
            return 0;
        await_state(pid, ZOMBIE);
    }
    return 0;
}

int main(void)
{
    int *adopted = map_pages(PAGE_SIZE, MAP_SHARED);
    unsigned before = processes();

    CHECK(child_code(chain, adopted), 0, "exit code of the chain's first");
    await_processes(before);
    CHECK(*adopted, 1, "orphans at the end of the chain");

    *adopted = 0;
    CHECK(child_code(family, adopted), 0, "exit code of the family's parent");
    await_processes(before);
    CHECK(*adopted, CHILDREN / 2, "living orphans of the family");
    CHECK(child_code(survivors, NULL), 0, "exit code of the dead children's parent");
    await_processes(before);
    CHECK(wait(), -E_BAD_PROC, "children left to wait for");
    return pass();
}
