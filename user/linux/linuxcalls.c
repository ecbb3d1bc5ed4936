/* SPDX-License-Identifier: MIT */
/*
 * linuxcalls - makes every system call of Linux that the kernel has, with each of its arguments at each edge
 * of the argument's class, and prints what each attempt came to, for tools/compare --edges to compare with
 * Linux itself.
 *
 * The calls and their arguments come from <ucow/linux.def>, so a new call needs no change here, unless it
 * does nothing with the usual values of its other arguments: then it gets a row in usual_values.
 *
 * Each attempt has a process of its own. Its result is an error number, 0, "n" (any number above 0), "same"
 * (the address that was given), "exits:CODE" or "dies:SIGNAL".
 */
#include "linux.h"

#include "arguments.h"

#include "lib/printf.h"
#include "lib/string.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define ARENA 0x30000000u
#define NOTES 0x2F000000u
#define PAGE_BYTES 4096u
#define PAGE(n) (ARENA + (n)*PAGE_BYTES)
#define FIXED 0x10u
#define SHARED_FIXED 0x31u
#define SIGUSR1 10
#define SIGTERM 15
#define PATH "./linuxcalls"

enum { MAX_ARGS = 5, CODE = 3, STRANGE_START = 7, MAX_ERROR = 4095 };

static const struct call {
    uint32_t nr;
    const char *name;
    unsigned args;
    enum type types[MAX_ARGS];
    const char *names[MAX_ARGS];
} calls[] = {
#define LINUX_NONE(nr, name)
#define LINUX0(nr, name, ...) {nr, #name, 0, {0}, {0}},
#define LINUX1(nr, name, t1, a1, ...) {nr, #name, 1, {t1}, {#a1}},
#define LINUX2(nr, name, t1, a1, t2, a2, ...) {nr, #name, 2, {t1, t2}, {#a1, #a2}},
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...) {nr, #name, 3, {t1, t2, t3}, {#a1, #a2, #a3}},
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    {nr, #name, 4, {t1, t2, t3, t4}, {#a1, #a2, #a3, #a4}},
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    {nr, #name, 5, {t1, t2, t3, t4, t5}, {#a1, #a2, #a3, #a4, #a5}},
#include <ucow/linux.def>
};

/* ---- edges ---- */

/* The pages of the arena. Those before HOLE are zeros, unless make_ready() has written there. */
enum { WORK, HOLE = MAX_ARGS + 1, READ_ONLY, NO_ACCESS };

enum { OWN = 0x70000001, CHILD, REAPED }; /* stand for pids that only the process that makes the call knows */

enum kind { ADDRESS, PID, FLAGS, OPTIONS, NUMBER, NOTHING };
enum { MAX_EDGES = 10 };

static const struct {
    const char *name;
    struct {
        const char *name;
        uint32_t value;
    } edges[MAX_EDGES];
} kinds[] = {
    [ADDRESS] = {"address",
                 {{"null", 0},
                  {"low", 8},
                  {"text", LINUX_BASE + 8}, /* zeros in the ELF header */
                  {"odd", PAGE(WORK) + 1},
                  {"cut", PAGE(HOLE) - 1}, /* the last byte before a hole */
                  {"hole", PAGE(HOLE)},
                  {"readonly", PAGE(READ_ONLY)},
                  {"noaccess", PAGE(NO_ACCESS)},
                  {"kernel", 0xC0100000},
                  {"wrap", 0xFFFFFFFF}}},
    [PID] = {"pid",
             {{"0", 0},
              {"1", 1},
              {"-1", 0xFFFFFFFF},
              {"min", 0x80000000},
              {"max", 0x7FFFFFFF},
              {"own", OWN},
              {"child", CHILD},
              {"gone", REAPED}}},
    [FLAGS] = {"flags",
               {{"0", 0},
                {"1", 1},
                {"2", 2},
                {"4", 4},
                {"8", 8},
                {"bit24", 0x01000000},
                {"bit29", 0x20000000},
                {"bit30", 0x40000000},
                {"bit31", 0x80000000},
                {"all", 0xFFFFFFFF}}},
    /* not WNOHANG, with which it depends on the time whether a child has ended */
    [OPTIONS] = {"options",
                 {{"0", 0},
                  {"2", 2},
                  {"4", 4},
                  {"8", 8},
                  {"bit5", 0x20},
                  {"bit24", 0x01000000},
                  {"bit29", 0x20000000},
                  {"bit30", 0x40000000},
                  {"bit31", 0x80000000},
                  {"all", 0xFFFFFFFF}}},
    [NUMBER] = {"number", {{"0", 0}, {"1", 1}, {"max", 0x7FFFFFFF}, {"min", 0x80000000}, {"-1", 0xFFFFFFFF}}},
    [NOTHING] = {"nothing", {{"made", 0}}},
};

static enum kind kind_of(const struct call *call, unsigned at)
{
    static const char *const pids[] = {"pid", "tid", "group", NULL};
    static const char *const flags[] = {"flags", "prot", NULL};
    if (call->args == 0)
        return NOTHING;
    if (call->types[at] != INT && call->types[at] != UINT)
        return ADDRESS;
    return is_one_of(call->names[at], pids)          ? PID
           : is_one_of(call->names[at], flags)       ? FLAGS
           : strcmp(call->names[at], "options") == 0 ? OPTIONS
                                                     : NUMBER;
}

/* ---- the other arguments ---- */

/* Arguments with which a call does something, and returns at once. Of the calls that are not here, pointers
 * are to zeros, and numbers 0. */
static const struct {
    uint32_t nr;
    uint32_t values[MAX_ARGS];
} usual_values[] = {
    {LX_NR_clone,
     {LINUX_SIGCHLD | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_SETTID | LINUX_CLONE_SETTLS, 0, PAGE(2),
      PAGE(3), PAGE(4)}},
    {LX_NR_fcntl, {1, LINUX_F_GETFD}},
    {LX_NR_fcntl64, {1, LINUX_F_GETFD}},
    {LX_NR_futex, {PAGE(WORK), LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE, 1, 0, PAGE(1)}},
    {LX_NR_futex_time64, {PAGE(WORK), LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE, 1, 0, PAGE(1)}},
    {LX_NR_getrandom, {PAGE(WORK), 4, 0}},
    {LX_NR_ioctl, {1, LINUX_TCGETS, PAGE(WORK)}},
    {LX_NR_kill, {OWN, 0}},
    {LX_NR_mmap2, {0, PAGE_BYTES, LX_RW, LX_PRIVATE}},
    {LX_NR_mprotect, {PAGE(WORK), PAGE_BYTES, LX_RW}},
    {LX_NR_munmap, {PAGE(WORK), PAGE_BYTES}},
    {LX_NR_rt_sigaction, {SIGUSR1, PAGE(WORK), PAGE(1), 8}},
    {LX_NR_rt_sigprocmask, {0, PAGE(WORK), PAGE(1), 8}},
    {LX_NR_statx, {1, PAGE(1), LINUX_AT_EMPTY_PATH, LINUX_STATX_BASIC_STATS, PAGE(2)}},
    {LX_NR_tgkill, {OWN, OWN, 0}},
    {LX_NR_tkill, {OWN, 0}},
    {LX_NR_wait4, {CHILD, PAGE(WORK), 0, PAGE(1)}},
    {LX_NR_waitid, {LINUX_P_PID, CHILD, PAGE(WORK), LINUX_WEXITED, PAGE(1)}},
    {LX_NR_waitpid, {CHILD, PAGE(WORK), 0}},
    {LX_NR_write, {1, PAGE(HOLE) - 1, 1}},
    {LX_NR_writev, {1, PAGE(WORK), 1}},
};

static void fill_in(const struct call *call, uint32_t *a)
{
    for (unsigned i = 0; i < call->args; i++)
        a[i] = call->types[i] == INT || call->types[i] == UINT ? 0 : PAGE(WORK + i);
    for (size_t i = 0; i < LENGTH(usual_values); i++)
        if (usual_values[i].nr == call->nr)
            memcpy(a, usual_values[i].values, sizeof(usual_values[i].values));
}

/* ---- one attempt ---- */

/* What the process that makes the call tells the parent. */
static struct notes {
    volatile bool returned;
    volatile int result;
} *const notes = (struct notes *)NOTES;

static int dead_child(bool reaped)
{
    int pid = lx_fork();
    if (pid == 0)
        lx_exit_group(CODE);
    if (reaped)
        EXPECT(lx_wait4(pid, NULL, 0, NULL), pid);
    return pid;
}

/* Give the call what it acts on. */
static void make_ready(const struct call *call)
{
    const struct linux_user_desc tls = {LINUX_TLS_ENTRY, 0, 0xFFFFF, LINUX_TLS_FLAT};
    const struct linux_iovec part = {PAGE(HOLE) - 1, 1};
    *(char *)(PAGE(HOLE) - 1) = '\n'; /* what is printed */
    if (call->nr == LX_NR_execve)
        memcpy((void *)PAGE(WORK), PATH, sizeof(PATH));
    if (call->nr == LX_NR_clone)
        memcpy((void *)PAGE(3), &tls, sizeof(tls));
    if (call->nr == LX_NR_writev)
        memcpy((void *)PAGE(WORK), &part, sizeof(part));
}

/* A call of which a child begins, perhaps with another stack, or with that of its parent: it exits. Waits for
 * its end, of which a signal may tell. */
static int call_fork(uint32_t nr, const uint32_t *a)
{
    int result;
    __asm__ volatile("int $0x80; testl %%eax, %%eax; jnz 1f;"
                     "movl %2, %%eax; xorl %%ebx, %%ebx; int $0x80; ud2; 1:"
                     : "=a"(result)
                     : "0"(nr), "i"(LX_NR_exit), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "cc");
    if (result > 0)
        lx_wait4(-1, NULL, (int)LINUX_WALL, NULL);
    return result;
}

static uint32_t pid_for(uint32_t value)
{
    return value == OWN      ? (uint32_t)lx_getpid()
           : value == CHILD  ? (uint32_t)dead_child(false)
           : value == REAPED ? (uint32_t)dead_child(true)
                             : value;
}

static void attempt(const struct call *call, unsigned at, uint32_t value)
{
    uint32_t a[MAX_ARGS] = {0};
    make_ready(call);
    fill_in(call, a);
    if (call->args > 0)
        a[at] = value;
    for (unsigned i = 0; i < call->args; i++)
        a[i] = pid_for(a[i]);
    bool forks = call->nr == LX_NR_fork || call->nr == LX_NR_vfork || call->nr == LX_NR_clone;
    int result = forks ? call_fork(call->nr, a)
                       : lx_call(call->nr, a[0], a[1], a[2], a[3], call->args > 4 ? a[4] : UINT32_MAX, 0);
    notes->result = result;
    notes->returned = true;
    lx_exit_group(0);
}

/* Make the attempt and describe what it came to. */
static void describe(const struct call *call, unsigned at, uint32_t value, char *text, size_t size)
{
    int status = -1;
    *notes = (struct notes){0};
    int pid = lx_fork();
    if (pid == 0)
        attempt(call, at, value);
    if (call->nr == LX_NR_pause) {
        lx_nanosleep(&(uint32_t[]){0, 50000000}, NULL); /* it has returned then, if it does */
        lx_kill(pid, SIGTERM);
    }
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    int result = notes->result;
    if ((status & 0x7F) != 0)
        snprintf(text, size, "dies:%d", status & 0x7F);
    else if (!notes->returned)
        snprintf(text, size, "exits:%d", status >> 8);
    else if (call->types[at] == ADDR && value != 0 && (uint32_t)result == value)
        snprintf(text, size, "same");
    else
        snprintf(text, size, result <= 0 && result >= -MAX_ERROR ? "%d" : "n", result);
}

/* ---- all of them ---- */

static void map(uintptr_t at, unsigned pages, unsigned prot, unsigned flags)
{
    EXPECT(lx_mmap2(at, pages * PAGE_BYTES, prot, flags), at);
}

/* Try all edges of one argument and print a line: class, call, argument, and the result of each edge. */
static void try_argument(const struct call *call, unsigned at)
{
    enum kind kind = kind_of(call, at);
    char line[300];
    int length = snprintf(line, sizeof(line), "\ncalls: %s %s.%s", kinds[kind].name, call->name,
                          call->args == 0 ? "" : call->names[at]);
    for (unsigned i = 0; i < MAX_EDGES && kinds[kind].edges[i].name != NULL; i++) {
        char text[16];
        describe(call, at, kinds[kind].edges[i].value, text, sizeof(text));
        length +=
            snprintf(line + length, sizeof(line) - (size_t)length, " %s=%s", kinds[kind].edges[i].name, text);
    }
    line[length++] = '\n';
    lx_write(1, line, (unsigned)length);
}

int linux_main(const struct start *start)
{
    if (start->argc != 1 || strcmp(start->argv[0] + strlen(start->argv[0]) - 2, "ls") != 0)
        return STRANGE_START; /* by execve() of an attempt */
    map(NOTES, 1, LX_RW, SHARED_FIXED);
    map(PAGE(WORK), HOLE, LX_RW, LX_PRIVATE | FIXED);
    map(PAGE(READ_ONLY), 1, 1, LX_PRIVATE | FIXED);
    map(PAGE(NO_ACCESS), 1, 0, LX_PRIVATE | FIXED);
    for (size_t i = 0; i < LENGTH(calls); i++)
        for (unsigned at = 0; at < calls[i].args || at == 0; at++)
            if (calls[i].nr != LX_NR_read) /* which waits for input */
                try_argument(&calls[i], at);
    print("linuxcalls pass.\n");
    return 0;
}
