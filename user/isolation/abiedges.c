/* SPDX-License-Identifier: MIT */
/*
 * abiedges - makes every system call with each of its arguments at each edge of the argument's class, and
 * prints what each attempt came to. test/serial/isolation/test_abiedges.py has what the ABI promises.
 *
 * The calls and their arguments come from <ucow/syscalls.def>, so a new call needs no change here, unless it
 * does nothing with the usual values of its other arguments: then it gets a row in usual_values.
 *
 * Each attempt has a process of its own. Its result is an error number, a number, "same" (the address that
 * was given), "exits:CODE", "dies", or "sleeps" if it waits for what never comes; "harm" if the call changed
 * what it must not change.
 */
#include "arguments.h"
#include "check.h"

enum { MAX_ARGS = 4, CODE = 0x1234567, PATIENCE_TICKS = 4 };

static const struct call {
    int nr;
    const char *name;
    unsigned args;
    enum type types[MAX_ARGS];
    const char *names[MAX_ARGS];
} calls[] = {
#define SYSCALL0(nr, name, ...) {nr, #name, 0, {0}, {0}},
#define SYSCALL1(nr, name, t1, a1, ...) {nr, #name, 1, {t1}, {#a1}},
#define SYSCALL2(nr, name, t1, a1, t2, a2, ...) {nr, #name, 2, {t1, t2}, {#a1, #a2}},
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) {nr, #name, 3, {t1, t2, t3}, {#a1, #a2, #a3}},
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    {nr, #name, 4, {t1, t2, t3, t4}, {#a1, #a2, #a3, #a4}},
#include <ucow/syscalls.def>
};

/* ---- edges ---- */

#define ARENA 0x40000000u
#define PAGE(n) (ARENA + (n)*PAGE_SIZE)

/* The pages of the arena. Those before HOLE are filled with newlines, which may be printed. */
enum { WORK, HOLE = 4, READ_ONLY, NO_ACCESS, ARENA_PAGES = 8 };

enum { OWN = 0x70000001, REAPED }; /* stand for pids that only the process that makes the call knows */

enum kind { ADDRESS, PID, FLAGS, NUMBER, NOTHING };
enum { MAX_EDGES = 13 };

static const struct {
    const char *name;
    struct {
        const char *name;
        uint32_t value;
    } edges[MAX_EDGES];
} kinds[] = {
    [ADDRESS] = {"address",
                 {{"null", 0},
                  {"low", USERBASE - 4},
                  {"base", USERBASE},
                  {"hole", PAGE(HOLE)},
                  {"cut", PAGE(HOLE) - 1}, /* the last byte before a hole */
                  {"readonly", PAGE(READ_ONLY)},
                  {"noaccess", PAGE(NO_ACCESS)},
                  {"odd", PAGE(WORK) + 1},
                  {"fits", USERTOP - 256}, /* room for every structure up to the end of user space */
                  {"last", USERTOP - 1},
                  {"end", USERTOP},
                  {"kernel", 0xC0100000},
                  {"wrap", 0xFFFFFFFF}}},
    [PID] = {"pid",
             {{"0", 0},
              {"1", 1},
              {"-1", 0xFFFFFFFF},
              {"min", 0x80000000},
              {"own", OWN},
              {"gone", REAPED},
              {"max", 0x7FFFFFFF}}},
    [FLAGS] = {"flags", {{"0", 0}, {"1", 1}, {"bit31", 0x80000000}, {"all", 0xFFFFFFFF}}},
    [NUMBER] = {"number", {{"0", 0}, {"1", 1}, {"max", 0x7FFFFFFF}, {"min", 0x80000000}, {"-1", 0xFFFFFFFF}}},
    [NOTHING] = {"nothing", {{"made", 0}}},
};

static enum kind kind_of(const struct call *call, unsigned at)
{
    static const char *const pids[] = {"pid", "group", NULL};
    static const char *const flags[] = {"flags", "prot", "mode", NULL};
    if (call->args == 0)
        return NOTHING;
    if (call->types[at] != INT && call->types[at] != UINT)
        return ADDRESS;
    return is_one_of(call->names[at], pids) ? PID : is_one_of(call->names[at], flags) ? FLAGS : NUMBER;
}

/* ---- the other arguments ---- */

/* Arguments with which a call does something. Those of the calls that are not here follow from their types.
 */
static const struct {
    int nr;
    uint32_t values[MAX_ARGS];
} usual_values[] = {
    {NR_exec, {PAGE(WORK), 1, PAGE(WORK) + 16}}, /* see make_ready() */
    {NR_mmap, {PAGE(WORK), PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS}},
    {NR_munmap, {PAGE(WORK), PAGE_SIZE}},
    {NR_pageout, {PAGE(WORK), PAGE_SIZE}},
    {NR_read, {STDIN, PAGE(WORK), 4}},
    {NR_write, {STDOUT, PAGE(WORK), 4}},
};

static void fill_in(const struct call *call, uint32_t *a)
{
    for (unsigned i = 0; i < call->args; i++)
        a[i] = call->types[i] == PTR || call->types[i] == STR ? PAGE(WORK + i)
               : strcmp(call->names[i], "n") == 0             ? 1
                                                              : 0;
    for (size_t i = 0; i < ARRAY_SIZE(usual_values); i++)
        if (usual_values[i].nr == call->nr)
            memcpy(a, usual_values[i].values, sizeof(usual_values[i].values));
}

/* ---- one attempt ---- */

/* What the process that makes the call tells the parent. */
static struct notes {
    volatile bool returned;
    volatile int result;
} * notes;

static int zombie; /* a child that can be waited for */

static int dead_child(bool reaped)
{
    int pid = fork();
    if (pid == 0)
        exit(CODE);
    assert(pid > 0);
    await_state(pid, ZOMBIE);
    assert(!reaped || code_of(pid) == CODE);
    return pid;
}

/* Give the call what it acts on. */
static void make_ready(const struct call *call)
{
    if (call->nr == NR_wait || call->nr == NR_waitany)
        zombie = dead_child(false);
    if (call->nr == NR_exec) {
        memcpy((void *)PAGE(WORK), "nop", sizeof("nop"));
        *(uint32_t *)(PAGE(WORK) + 16) = PAGE(WORK);
    }
    for (unsigned page = WORK; page < HOLE && call->nr == NR_pageout; page++)
        *(volatile char *)PAGE(page) = '\n'; /* in memory, and no other process's */
    if (call->nr == NR_tcsetpgrp)
        assert(setpgid(0, 0) == 0); /* so that there is a group with the caller's number */
}

/* clone() in assembler: a child with another stack has no frame to return to, so it exits. */
static int call_clone(const uint32_t *a)
{
    int result;
    __asm__ volatile("int $0x80; testl %%eax, %%eax; jnz 1f;"
                     "movl %2, %%eax; xorl %%edx, %%edx; int $0x80; ud2; 1:"
                     : "=a"(result)
                     : "0"(NR_clone), "i"(NR_exit), "d"(a[0]), "c"(a[1])
                     : "memory", "cc");
    return result;
}

/* Whether what must stay is still there: a child whose wait failed, and zeros that cannot be written. After
 * munmap() they may be gone, and after inject() there may be no frame for them. */
static bool is_harmless(const struct call *call, int result)
{
    bool lost = zombie != 0 && result < 0 && code_of(zombie) != CODE;
    bool unreadable = call->nr == NR_munmap || call->nr == NR_inject;
    return !lost && (unreadable || *(const uint32_t *)PAGE(READ_ONLY) == 0);
}

static NORETURN void attempt(const struct call *call, unsigned at, uint32_t value)
{
    uint32_t a[MAX_ARGS] = {0};
    int self = getpid();
    make_ready(call);
    fill_in(call, a);
    a[at] = call->args == 0   ? 0
            : value == OWN    ? (uint32_t)self
            : value == REAPED ? (uint32_t)dead_child(true)
                              : value;
    int result = call->nr == NR_clone ? call_clone(a) : syscall4(call->nr, a[0], a[1], a[2], a[3]);
    if (getpid() != self)
        exit(0); /* the child of fork */
    notes->result = result;
    notes->returned = true;
    exit(is_harmless(call, result) ? 0 : 1);
}

/* Wait until child `pid` ends. Kills it and returns false if it sleeps for PATIENCE_TICKS. */
static bool ends(int pid)
{
    int since = sys_gettime();
    for (struct proc_info info; (info = proc_of(pid)).state != ZOMBIE; yield()) {
        if (info.state != SLEEPING)
            since = sys_gettime();
        if (sys_gettime() - since >= PATIENCE_TICKS) {
            assert(kill(pid) == 0);
            code_of(pid);
            return false;
        }
    }
    return true;
}

/* Make the attempt and describe what it came to. */
static void describe(const struct call *call, unsigned at, uint32_t value, char *text, size_t size)
{
    *notes = (struct notes){0};
    int pid = fork();
    if (pid == 0)
        attempt(call, at, value);
    assert(pid > 0);
    if (!ends(pid)) {
        snprintf(text, size, "sleeps");
        return;
    }
    int code = code_of(pid), result = notes->result;
    if (!notes->returned)
        snprintf(text, size, code == -E_KILLED ? "dies" : "exits:%d", code);
    else if (code != 0)
        snprintf(text, size, "harm");
    else if (call->types[at] == ADDR && value != 0 && (uint32_t)result == value)
        snprintf(text, size, "same");
    else
        snprintf(text, size, result < 0 && result >= -E_NOTEMPTY ? "%d" : "%u", result);
}

/* ---- all of them ---- */

static void lay_out(void)
{
    const unsigned flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
    assert(mmap(ARENA, HOLE * PAGE_SIZE, PROT_READ | PROT_WRITE, flags) == (void *)ARENA);
    memset((void *)ARENA, '\n', HOLE * PAGE_SIZE);
    assert(mmap(PAGE(NO_ACCESS), PAGE_SIZE, PROT_NONE, flags) == (void *)PAGE(NO_ACCESS));
    assert(mmap(PAGE(READ_ONLY), PAGE_SIZE, PROT_READ, flags) == (void *)PAGE(READ_ONLY));
    notes = map_pages(PAGE_SIZE, MAP_SHARED);
}

/* Try all edges of one argument and print a line: class, call, argument, and the result of each edge. */
static void try_argument(const struct call *call, unsigned at)
{
    enum kind kind = kind_of(call, at);
    char line[256];
    size_t length = (size_t)snprintf(line, sizeof(line), "abiedges: %s %s.%s", kinds[kind].name, call->name,
                                     call->args == 0 ? "" : call->names[at]);
    for (unsigned i = 0; i < MAX_EDGES && kinds[kind].edges[i].name != NULL; i++) {
        char text[24];
        describe(call, at, kinds[kind].edges[i].value, text, sizeof(text));
        length +=
            (size_t)snprintf(line + length, sizeof(line) - length, " %s=%s", kinds[kind].edges[i].name, text);
        sys_tcsetmode(TERM_KEYS | TERM_STATUS);
        sys_tcsetpgrp(getpgid(0));
    }
    printf("\n%s\n", line);
}

static void try_all(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        for (unsigned at = 0; at < MAX(calls[i].args, 1u); at++)
            try_argument(&calls[i], at);
}

/* Call `body` with a stack that begins so far below USERTOP that the edge "fits" holds none of its frames. */
static void below_the_top(void (*body)(void))
{
    volatile char room[512];
    room[0] = 0;
    body();
    room[1] = 0;
}

int main(void)
{
    lay_out();
    below_the_top(try_all);
    return pass();
}
