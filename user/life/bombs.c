/* SPDX-License-Identifier: MIT */
/*
 * bombs - runs one fork bomb after the other, as a shell would. After each, this process runs a command,
 * and a process that has slept since the beginning answers a question. Both must be done within 100 ms,
 * and all memory must be free again (D07, D86).
 *
 * `bombs tree 100` runs a hundred bombs of one kind, `bombs all 100` alternates between them; see bomb.c.
 */
#include "check.h"

enum { INIT = 1, ANSWER_TICKS = TICK_HZ / 10 };

struct talk {
    volatile int question, answer;
};

static const char *const kinds[] = {"wide", "chain", "exec", "tree"};

/* Sleep, and answer each new question, as long as the parent lives. */
static int sleeper(void *arg)
{
    struct talk *talk = arg;
    while (proc_of(getpid()).parent != INIT) {
        sys_sleep(1);
        if (talk->answer != talk->question)
            talk->answer = talk->question;
    }
    return 1;
}

static int start(int (*body)(void *arg), void *arg)
{
    int pid = fork();
    if (pid == 0)
        exit(body(arg));
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return pid;
}

/* Run a program and wait for it, as the shell does. Returns its exit code. */
static int run(const char *name, const char *arg)
{
    const char *const argv[] = {name, arg};
    int pid = fork();
    if (pid == 0)
        exit(exec(name, arg != NULL ? 2 : 1, argv));
    if (pid < 0)
        panic("%s: %s", name, error_text(pid));
    return code_of(pid);
}

/* Count everything that processes own. The first two bombs fill the kernel's caches of kernel stacks and page
 * tables; so after later bombs there is not more than after them. There may be less: a bomb whose processes
 * share their tables empties the cache when memory is full, and does not fill it. */
static void count(unsigned amounts[5])
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    amounts[0] = info.processes;
    amounts[1] = info.kstacks;
    amounts[2] = info.pgtables;
    amounts[3] = info.swap_total == 0 ? info.user : 0; /* with swap, pages may be on the disk instead */
    amounts[4] = info.shared;
}

/* Returns the ticks until a command has run and the sleeper has answered. */
static unsigned time_answers(struct talk *talk, int question)
{
    unsigned from = (unsigned)sys_gettime();
    talk->question = question;
    int code = run("nop", NULL);
    if (code != 0)
        panic("the command after bomb %d: exit code %d", question, code);
    while (talk->answer != question)
        yield();
    return (unsigned)sys_gettime() - from;
}

static void check_memory(const unsigned base[5])
{
    static const char *const names[] = {"processes", "kernel stacks", "page tables", "user pages",
                                        "shared pages"};
    unsigned now[ARRAY_SIZE(names)];
    count(now);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (now[i] > base[i])
            panic("%s after the bomb: %u, should be %u at most", names[i], now[i], base[i]);
}

/* Run one bomb. Returns the ticks until both answers. */
static unsigned explode(const char *kind, int number, struct talk *talk)
{
    int code = run("bomb", kind);
    if (code != 0)
        panic("bomb %d, %s: exit code %d", number, kind, code);
    unsigned ticks = time_answers(talk, number);
    if (ticks >= ANSWER_TICKS)
        panic("after bomb %d, %s, the answers took %u ticks", number, kind, ticks);
    return ticks;
}

int main(int argc, char *argv[])
{
    const char *kind = argc > 1 ? argv[1] : "all";
    int bombs = argc > 2 ? (int)number_of(argv[2]) : (int)ARRAY_SIZE(kinds);
    struct talk *talk = map_pages(PAGE_SIZE, MAP_SHARED);
    int pid = start(sleeper, talk);
    unsigned base[5], slowest = 0;
    for (int i = 1; i <= bombs; i++) {
        const char *next = strcmp(kind, "all") == 0 ? kinds[(size_t)i % ARRAY_SIZE(kinds)] : kind;
        unsigned ticks = explode(next, i, talk);
        if (i <= 2)
            count(base);
        check_memory(base);
        slowest = ticks > slowest ? ticks : slowest;
        printf("bombs: %d of %d over, %s, answers after %u ticks\n", i, bombs, next, ticks);
    }
    CHECK(slowest < ANSWER_TICKS, true, "answers within 100 ms");
    kill(pid);
    CHECK(code_of(pid), -E_KILLED, "exit code of the one that slept all along");
    return pass();
}
