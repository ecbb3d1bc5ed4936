/* SPDX-License-Identifier: MIT */
/*
 * bomb - four fork bombs: wide (one parent), chain (each process forks the next), exec (a chain in which
 * each process also executes this program again) and tree (every process forks). Each ends when fork
 * returns an error, and everything is released afterwards (D07, D81, D86).
 *
 * When memory is exhausted, a process that writes to a page after a fork may be killed because there is
 * no frame for its copy. So between the first fork and the end of the first child, processes only make
 * inlined system calls, which write to no memory.
 *
 * `bomb wide`, `bomb chain`, `bomb exec` and `bomb tree` run one of them. Each process of the exec chain
 * is a `bomb link`.
 */
#include "check.h"

struct result {
    int error;
    int count;
};

/* Sleep without writing to memory. Does not return. */
NORETURN static inline void sleep_for_ever(void)
{
    for (;;)
        sleep(1000000);
}

/* Fork sleeping children until fork fails, then end the first one to free some memory. */
__attribute__((noinline)) static struct result fork_until_failure(void)
{
    int count = 1;
    int first = sys_fork();
    if (first == 0)
        sleep_for_ever();
    int pid;
    for (;;) {
        pid = sys_fork();
        if (pid == 0)
            sleep_for_ever();
        if (pid < 0)
            break;
        count++;
    }
    sys_kill(first);
    sys_wait(first, NULL);
    return (struct result){.error = pid, .count = count};
}

static int kill_children(void)
{
    int me = getpid(), killed = 0, next = 0;
    for (;;) {
        struct proc_info info[16] = {0};
        sys_procs(info, ARRAY_SIZE(info), next);
        for (size_t i = 0; i < ARRAY_SIZE(info); i++) {
            if (info[i].pid < next)
                return killed; /* the list ended before the array did */
            next = info[i].pid + 1;
            killed += info[i].parent == me && kill(info[i].pid) == 0;
        }
    }
}

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

static void check_aftermath(const char *kind, struct result result)
{
    printf("bomb: processes made, %s = %d\n", kind, result.count);
    if (result.error != -E_NO_MEM && result.error != -E_NO_FREE_PROC)
        panic("the last fork said %d, should be %d or %d", result.error, -E_NO_MEM, -E_NO_FREE_PROC);
    CHECK(result.count >= 30, true, "enough processes, %s", kind);
    CHECK(child_code(answer, (void *)42), 42, "a new child after the bomb, %s", kind);
}

static void wide(void)
{
    struct result result = fork_until_failure();
    CHECK(kill_children(), result.count - 1, "children killed");
    int reaped = 0;
    while (wait() == 0)
        reaped++;
    CHECK(reaped, result.count - 1, "children reaped");
    check_aftermath("wide", result);
}

/* Each generation forks the next and waits for it; the last one stores the error of its fork. */
static int generations(void *shared)
{
    struct result *result = shared;
    for (int count = 0;; count++) {
        int pid = sys_fork();
        if (pid == 0)
            continue;
        if (pid < 0)
            *result = (struct result){.error = pid, .count = count};
        else
            sys_wait(pid, NULL);
        sys_exit(0);
    }
}

static void chain(void)
{
    struct result *result = map_pages(PAGE_SIZE, MAP_SHARED);
    result->error = 0; /* make the page present now, while there is memory for it */
    CHECK(child_code(generations, result), 0, "exit code of the chain's first");
    check_aftermath("chain", *result);
}

/* One link of the exec chain: fork a child that executes this program again, and wait for it. Returns the
 * number of links that follow. A link that has no memory to start is killed, which ends the chain like a
 * failed fork. */
__attribute__((noinline)) static int chain_link(void)
{
    static const char *const argv[] = {"bomb", "link"};
    int pid = sys_fork();
    if (pid < 0)
        return 0;
    if (pid == 0) {
        sys_exec(argv[0], ARRAY_SIZE(argv), (void *)argv);
        for (;;)
            sys_exit(0);
    }
    int behind = code_of(pid);
    return behind < 0 ? 1 : behind + 1;
}

static void chain_of_programs(void)
{
    int count = chain_link();
    printf("bomb: processes made, exec = %d\n", count);
    CHECK(count >= 10, true, "enough processes, exec");
    CHECK(child_code(answer, (void *)42), 42, "a new child after the bomb, exec");
}

/* All processes fork until a fork has failed in any of them. None waits for its children. */
static int grow(void *shared)
{
    struct result *result = shared;
    while (result->error == 0) {
        int pid = sys_fork();
        if (pid < 0)
            result->error = pid;
        else if (pid != 0)
            result->count++;
    }
    for (;;)
        sys_exit(0);
}

static void tree(void)
{
    struct result *result = map_pages(PAGE_SIZE, MAP_SHARED);
    struct mem_info info;
    sys_meminfo(&info);
    unsigned others = info.processes;
    *result = (struct result){0};
    CHECK(child_code(grow, result), 0, "exit code of the tree's root");
    do {
        yield(); /* other processes may end after the root */
        sys_meminfo(&info);
    } while (info.processes > others);
    check_aftermath("tree", *result);
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*explode)(void);
    } kinds[] = {{"wide", wide}, {"chain", chain}, {"exec", chain_of_programs}, {"tree", tree}};
    const char *only = argc > 1 ? argv[1] : "";
    if (strcmp(only, "link") == 0)
        return chain_link();
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (argc < 2 || strcmp(only, kinds[i].name) == 0)
            kinds[i].explode();
    return pass();
}
