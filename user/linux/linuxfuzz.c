/* SPDX-License-Identifier: MIT */
/*
 * linuxfuzz - makes every system call of Linux with extreme and random arguments; what sysfuzz is to ucow's
 * calls.
 *
 *   linuxfuzz exhaustive           each argument of each call at each edge, one at a time
 *   linuxfuzz random SEED COUNT    programs of random calls, COUNT in all; a seed always gives the same
 *
 * Children make the calls; the parent kills one that makes no progress, and after each everything that it
 * left. Errors are: a result that is neither a value nor an error of Linux's list, and changed memory of the
 * parent. What else goes wrong the kernel's own checks report in its last lines.
 */
#include "linux.h"

#include "arguments.h"

#include "lib/printf.h"
#include "lib/string.h"

#define PAGE 4096u
#define ARENA 0x30000000u
#define FIXED_PRIVATE 0x32u
#define FIXED_SHARED 0x31u
#define MAX_ERROR 4095
#define USERTOP 0xB0000000u

enum { MAX_ARGS = 5, ERRORS = LINUX_ETIMEDOUT + 2, NO_RETURN = ERRORS - 1, WATCHERS = 2 };

static const struct call {
    uint32_t nr;
    const char *name;
    int args;
    enum type types[MAX_ARGS];
} calls[] = {
#define LINUX_NONE(nr, name)
#define LINUX0(nr, name, ...) {nr, #name, 0, {0}},
#define LINUX1(nr, name, t1, a1, ...) {nr, #name, 1, {t1}},
#define LINUX2(nr, name, t1, a1, t2, a2, ...) {nr, #name, 2, {t1, t2}},
#define LINUX3(nr, name, t1, a1, t2, a2, t3, a3, ...) {nr, #name, 3, {t1, t2, t3}},
#define LINUX4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) {nr, #name, 4, {t1, t2, t3, t4}},
#define LINUX5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) {nr, #name, 5, {t1, t2, t3, t4, t5}},
#define LINUX6(nr, name, ...)
#include <ucow/linux.def>
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* What children tell the parent, in shared memory. */
static struct notes {
    volatile unsigned done, next;
    uint16_t results[CALLS][ERRORS]; /* by error; 0: success; the last: no return */
    char wrong[128];
} * notes;

static const uint32_t numbers[] = {0,          1,          2,          3,          9,         12,
                                   0x22,       64,         65,         128,        0x81,      0x100,
                                   0x10100,    0x50F00,    0x7D0F00,   4095,       4096,      0x7FFFFFFF,
                                   0x80000000, 0x80000001, 0xFFFFF000, 0xFFFFFFFE, 0xFFFFFFFF};
/* Pages of the arena: written, hole, read-only, no access, fresh, hole, shared. */
static const uint32_t places[] = {0,
                                  8,
                                  0x1FFFFF,
                                  0x08048000,
                                  ARENA,
                                  ARENA + 1,
                                  ARENA + 4,
                                  ARENA + PAGE - 1,
                                  ARENA + PAGE - 4,
                                  ARENA + PAGE,
                                  ARENA + 2 * PAGE - 1,
                                  ARENA + 2 * PAGE,
                                  ARENA + 3 * PAGE,
                                  ARENA + 4 * PAGE - 2,
                                  ARENA + 4 * PAGE,
                                  ARENA + 5 * PAGE - 3,
                                  ARENA + 6 * PAGE,
                                  ARENA + 7 * PAGE - 4,
                                  USERTOP - PAGE,
                                  USERTOP - 4,
                                  USERTOP,
                                  0xC0000000,
                                  0xC0100000,
                                  0xFFFFFFFC,
                                  0xFFFFFFFF};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]), PLACES = sizeof(places) / sizeof(places[0]) };

static uint32_t random_state;
static unsigned constants[16] = {0xC0, 0xFF, 0xEE};

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void map(unsigned page, unsigned pages, unsigned prot, unsigned flags)
{
    EXPECT(lx_mmap2(ARENA + page * PAGE, pages * PAGE, prot, flags), ARENA + page * PAGE);
}

static void lay_out(void)
{
    notes = (struct notes *)(uintptr_t)(ARENA + 16 * PAGE);
    map(0, 1, LX_RW, FIXED_PRIVATE);
    map(2, 1, 1, FIXED_PRIVATE);
    map(3, 1, 0, FIXED_PRIVATE);
    map(4, 1, LX_RW, FIXED_PRIVATE);
    map(6, 1, LX_RW, FIXED_SHARED);
    map(16, (sizeof(*notes) + PAGE - 1) / PAGE, LX_RW, FIXED_SHARED);
    memset((void *)(uintptr_t)ARENA, 0x5A, PAGE);
}

static bool is_edge_number(enum type type)
{
    return type == INT || type == UINT;
}

/* ---- one call ---- */

/* Whether to make it: not what ends the parent, waits for input or for very long, or prints much. */
static bool is_wanted(const struct call *call, uint32_t *a)
{
    switch (call->nr) {
    case LX_NR_kill:
        return (int)a[0] > WATCHERS;
    case LX_NR_tkill:
        return (int)a[0] > WATCHERS || (int)a[0] <= 0;
    case LX_NR_tgkill:
        return (int)a[1] > WATCHERS || (int)a[1] <= 0;
    case LX_NR_write:
        a[2] = a[2] < 0x1000000 ? a[2] % 8 : a[2];
        return true;
    case LX_NR_read:
        return a[0] > 2 || a[2] == 0;
    default:
        return true;
    }
}

static void note_wrong(const struct call *call, const uint32_t *a, int result)
{
    if (notes->wrong[0] == '\0')
        snprintf(notes->wrong, sizeof(notes->wrong), "%s(0x%x, 0x%x, 0x%x, 0x%x, 0x%x) = %d", call->name,
                 (unsigned)a[0], (unsigned)a[1], (unsigned)a[2], (unsigned)a[3], (unsigned)a[4], result);
}

/* Returns whether the process that made the call goes on: not a child, of which its parent counts the call.
 */
static bool try_call(const struct call *call, const uint32_t *a)
{
    uint16_t *results = notes->results[call - calls];
    int me = lx_gettid();
    notes->done++;
    results[NO_RETURN]++;
    int result = lx_call(call->nr, a[0], a[1], a[2], a[3], a[4], a[0]);
    if (lx_gettid() != me)
        return false;
    results[NO_RETURN]--;
    bool error = result < 0 && result >= -MAX_ERROR;
    if (error ? -result >= NO_RETURN : (uint32_t)result >= USERTOP)
        note_wrong(call, a, result);
    results[error && -result < NO_RETURN ? -result : 0]++;
    return true;
}

/* ---- children, watched ---- */

/* Wait for the child, and kill it if it makes no call for some ticks. Then kill all that it has left. */
static void watch(int pid)
{
    enum { PATIENCE = 4 };
    static const uint32_t tick[2] = {0, 1000000};
    unsigned seen = notes->done, idle = 0;
    while (lx_wait4(pid, NULL, (int)LINUX_WNOHANG, NULL) == 0) {
        idle = notes->done == seen ? idle + 1 : 0;
        seen = notes->done;
        if (idle == PATIENCE)
            lx_kill(pid, LINUX_SIGKILL);
        lx_nanosleep(tick, NULL);
    }
    lx_kill(-1, LINUX_SIGKILL);
    while (lx_wait4(-1, NULL, 0, NULL) > 0)
        ;
    EXPECT(constants[0] == 0xC0 && constants[2] == 0xEE, true);
}

static int fork_or_try_again(void)
{
    int pid;
    while ((pid = lx_fork()) < 0)
        lx_sched_yield(); /* those that were killed are still ending */
    return pid;
}

/* ---- exhaustive ---- */

static uint32_t filling_of(enum type type, unsigned filling)
{
    static const uint32_t fillings[][2] = {[INT] = {1, 0},
                                           [UINT] = {8, 0x22},
                                           [ADDR] = {ARENA + 8 * PAGE, 0},
                                           [PTR] = {ARENA + 6 * PAGE, 0},
                                           [STR] = {ARENA + 6 * PAGE, 0}};
    return fillings[type][filling];
}

static void exhaust(const struct call *call, int at)
{
    unsigned edges = call->args == 0 ? 1 : is_edge_number(call->types[at]) ? NUMBERS : PLACES;
    for (notes->next = 0; notes->next < 2 * edges;) {
        int pid = fork_or_try_again();
        while (pid == 0 && notes->next < 2 * edges) {
            unsigned n = notes->next++;
            uint32_t a[MAX_ARGS] = {0};
            for (int i = 0; i < call->args; i++)
                a[i] = filling_of(call->types[i], n % 2);
            if (call->args > 0)
                a[at] = is_edge_number(call->types[at]) ? numbers[n / 2] : places[n / 2];
            if (is_wanted(call, a) && !try_call(call, a))
                break;
        }
        if (pid == 0)
            lx_exit_group(0);
        watch(pid);
    }
}

/* ---- random ---- */

static uint32_t random_argument(enum type type)
{
    uint32_t kind = random32() % 8;
    if (kind == 0)
        return random32();
    if (is_edge_number(type))
        return kind == 1   ? (uint32_t)lx_getpid() + random32() % 3
               : kind <= 4 ? numbers[random32() % NUMBERS]
                           : random32() % 16;
    if (type == ADDR)
        return ARENA + random32() % 16 * PAGE;
    return places[random32() % PLACES] + (kind == 1 ? random32() % 9 - 4 : 0);
}

static void play(unsigned n)
{
    for (unsigned depth = 0; n > 0; n--) {
        const struct call *call = &calls[random32() % CALLS];
        uint32_t a[MAX_ARGS];
        for (int i = 0; i < MAX_ARGS; i++)
            a[i] = i < call->args ? random_argument(call->types[i]) : random32();
        bool ends = call->nr == LX_NR_exit || call->nr == LX_NR_exit_group || call->nr == LX_NR_pause;
        if ((ends && random32() % 16 != 0) || !is_wanted(call, a))
            continue;
        if (!try_call(call, a)) {
            random_state ^= (uint32_t)lx_gettid() << 16;
            n = depth++ == 2 ? 1 : n / 2 + 1;
        }
    }
    lx_exit(0);
}

static void try_programs(uint32_t seed, unsigned count)
{
    enum { PROGRAM_CALLS = 60 };
    for (unsigned programs = 0; notes->done < count; programs++) {
        int pid = fork_or_try_again();
        if (pid == 0) {
            random_state = seed * 2654435761u + programs * 40503u + 1;
            play(PROGRAM_CALLS);
        }
        watch(pid);
    }
}

/* ---- main ---- */

static void print_results(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        char line[160];
        const uint16_t *results = notes->results[i];
        size_t at = (size_t)snprintf(line, sizeof(line), "\nlinuxfuzz: %s: ok %u", calls[i].name, results[0]);
        for (int error = 1; error < NO_RETURN; error++)
            if (results[error] != 0)
                at += (size_t)snprintf(line + at, sizeof(line) - at, ", %d x %u", -error, results[error]);
        if (results[NO_RETURN] != 0)
            snprintf(line + at, sizeof(line) - at, ", no return %u", results[NO_RETURN]);
        print("%s", line);
    }
}

static uint32_t number(const char *text)
{
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint32_t)(*text - '0');
    return value;
}

int linux_main(const struct start *start)
{
    bool exhaustive = start->argc == 2 && strcmp(start->argv[1], "exhaustive") == 0;
    if (!exhaustive && (start->argc != 4 || strcmp(start->argv[1], "random") != 0)) {
        print("usage: linuxfuzz exhaustive, or linuxfuzz random SEED COUNT\n");
        return 2;
    }
    EXPECT(lx_getpid(), WATCHERS);
    lay_out();
    if (exhaustive) {
        for (unsigned i = 0; i < CALLS; i++)
            for (int at = 0; at < calls[i].args || at == 0; at++)
                exhaust(&calls[i], at);
    } else {
        try_programs(number(start->argv[2]), number(start->argv[3]));
    }
    print_results();
    print("\nlinuxfuzz: %u calls%s%s\n", notes->done, notes->wrong[0] != '\0' ? ", WRONG: " : "",
          notes->wrong);
    return notes->wrong[0] != '\0';
}
