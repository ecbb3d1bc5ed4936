/* SPDX-License-Identifier: MIT */
/*
 * bomb - forks until no more processes can be made: wide (one parent), deep (a chain), a chain in which
 * each becomes a program of its own, and as a tree, in which everybody forks. The failure is an error
 * code, and after the bomb everything is as before (D07, D81, D86).
 *
 * With memory at its end, the copy of a page written to after a fork can cost the writer its life,
 * and rightly so. So between the first fork and the first child's end a process here only makes
 * inlined system calls, which touch no memory.
 *
 * `bomb wide`, `chain`, `exec` and `tree` do one of them each; a bomb of the exec kind is made of `bomb
 * link`.
 */
#include "check.h"

struct result {
    int error;
    int count;
};

/* Never to return: sleep without touching memory. */
NORETURN static inline void sleep_for_ever(void)
{
    for (;;)
        sleep(1000000);
}

/* Fork sleeping children until it fails, then let the first one go, to have memory to go on. */
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

/* Every generation forks the next and waits for it; the last one leaves word of why it is. */
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
    result->error = 0; /* makes the page present: its first use must not be out of memory */
    CHECK(child_code(generations, result), 0, "exit code of the chain's first");
    check_aftermath("chain", *result);
}

/* What a link of the exec chain is: it forks the next one, which becomes this program anew, and ends
 * after it. Its exit code says how many come behind it. One that finds no memory to begin with is killed,
 * which says as much as a fork that fails. */
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

/* Everybody forks, and ends when a fork has failed somewhere. Nobody waits for anybody. */
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
        yield(); /* the root's end is not the last of the others' */
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
