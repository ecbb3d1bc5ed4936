/* SPDX-License-Identifier: MIT */
/*
 * sysfuzz - makes every system call with extreme and random arguments.
 *
 * The calls and the types of their arguments come from <ucow/syscalls.def>; a new call needs no change
 * here.
 *
 *   sysfuzz exhaustive           each argument of each call at each edge of its type, one at a time
 *   sysfuzz random SEED COUNT    programs of random calls, COUNT in all; a seed always gives the same
 *
 * The calls are made by children, which may exit, unmap their text or block; the parent kills a child that
 * makes no progress. Errors are: a result that is neither a valid value nor a known error, success at an
 * unmapped address, a changed constant, and changed memory of a bystander. The kernel's own checks report
 * in its last lines.
 */
#include "arguments.h"
#include "fuzz.h"

enum { MAX_ARGS = 5, ERRORS = E_NOTEMPTY + 1, NAMES = 64 };

static const struct call {
    uint32_t nr;
    const char *name;
    unsigned args;
    enum type types[MAX_ARGS];
    const char *first; /* name of the first argument */
} calls[] = {
#define SYSCALL0(nr, name, ...) {nr, #name, 0, {0}, ""},
#define SYSCALL1(nr, name, t1, a1, ...) {nr, #name, 1, {t1}, #a1},
#define SYSCALL2(nr, name, t1, a1, t2, a2, ...) {nr, #name, 2, {t1, t2}, #a1},
#define SYSCALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) {nr, #name, 3, {t1, t2, t3}, #a1},
#define SYSCALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) {nr, #name, 4, {t1, t2, t3, t4}, #a1},
#define SYSCALL5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    {nr, #name, 5, {t1, t2, t3, t4, t5}, #a1},
#include <ucow/syscalls.def>
};

/* What children report to their parent, in shared memory. */
static struct notes {
    volatile unsigned done; /* calls begun so far */
    volatile unsigned next; /* exhaustive: the attempt after this one */
    volatile bool stop;
    unsigned looks;                                  /* checks that the bystander has made */
    unsigned results[ARRAY_SIZE(calls)][ERRORS + 1]; /* by error; 0: success, the last: no return */
    char wrong[128];                                 /* the first error found */
} * notes;

/* The pids up to here, which include parent and bystander, are never killed. A constant in the text, because
 * a child may have lost all its data. */
enum { WATCHERS = 3 };

/* ---- the bystander, and what must not change ---- */

static unsigned bystander_data[2 * PAGE_SIZE / sizeof(unsigned)] = {1};
static const unsigned constants[16] = {0xC0, 0xFF, 0xEE};

static unsigned sum(const unsigned *words, size_t n)
{
    unsigned total = 0;
    for (size_t i = 0; i < n; i++)
        total = total * 31 + words[i];
    return total;
}

/* The bystander: some of its pages are its own, others are shared copy-on-write with all processes. */
static NORETURN void stand_by(void)
{
    unsigned *own = map_pages(PAGE_SIZE, MAP_SHARED);
    const size_t own_n = PAGE_SIZE / sizeof(unsigned), data_n = ARRAY_SIZE(bystander_data);
    for (size_t i = 0; i < own_n; i++)
        own[i] = (unsigned)i * 2654435761u;
    bystander_data[data_n - 1] = 2;
    unsigned before = sum(own, own_n) ^ sum(bystander_data, data_n);
    bool last;
    do {
        last = notes->stop;
        if ((sum(own, own_n) ^ sum(bystander_data, data_n)) != before)
            exit(1);
        notes->looks++;
        sleep(10);
    } while (!last);
    exit(0);
}

/* ---- edges ---- */

#define ARENA 0x40000000u /* pages of all kinds, with unmapped pages between them */
#define P PAGE_SIZE

enum { WORK, HOLE, READ_ONLY, NO_ACCESS, FRESH, FRESH_TOO, HOLE_TOO, SHARED, BEHIND, ARENA_PAGES = 16 };
#define PAGE(page) (ARENA + (page)*P)

/* Addresses. At those marked `nothing`, not even the first byte is readable. */
static const struct place {
    uintptr_t va;
    bool nothing;
} fixed_places[] = {
    {0, true},
    {1, true},
    {0x1000, true},
    {USERBASE - 1, true},
    {USERBASE, true},
    {(uintptr_t)constants, false},
    {PAGE(WORK), false},
    {PAGE(WORK) + 1, false},
    {PAGE(HOLE) - 1, false},
    {PAGE(HOLE) - 2, false},
    {PAGE(HOLE) - 4, false},
    {PAGE(HOLE), true},
    {PAGE(READ_ONLY) - 1, true},
    {PAGE(READ_ONLY), false},
    {PAGE(NO_ACCESS) - 1, false},
    {PAGE(NO_ACCESS), true},
    {PAGE(FRESH) - 2, true},
    {PAGE(FRESH), false},
    {PAGE(FRESH) + 3, false},
    {PAGE(FRESH_TOO) - 2, false},
    {PAGE(HOLE_TOO) - 1, false},
    {PAGE(SHARED), false},
    {PAGE(BEHIND) - 3, false},
    {USER_STACK_BASE - P, true},
    {USER_STACK_BASE - 1, true},
    {USER_STACK_BASE, false},
    {USERTOP - 64, false},
    {USERTOP - 4, false},
    {USERTOP - 1, false},
    {USERTOP, true},
    {USERTOP + 1, true},
    {0xBFFFFFFF, true},
    {0xC0000000, true},
    {0xC0000FFE, true},
    {0xC0100000, true},
    {0xFAC00000, true},
    {0xFB000000, true},
    {0x80000000, true},
    {0x7FFFFFFF, true},
    {0xFFFFF000, true},
    {0xFFFFFFFC, true},
    {0xFFFFFFFF, true},
};

static const uint32_t numbers[] = {
    0,    1,      2,      3,       4,          7,          8,          15,         18,         34,
    50,   64,     65,     127,     128,        129,        255,        256,        4095,       4096,
    4097, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffff000, 0xfffffffe, 0xffffffff,
};

enum { MORE_PLACES = 6, PLACES = ARRAY_SIZE(fixed_places) + MORE_PLACES };
static struct place places[PLACES];

/* An argv to pass as an argument. */
static const char *const argv_nop[] = {"nop", "x", NULL};
static char long_name[NAMES];

static void map_at(unsigned page, unsigned pages, unsigned prot, unsigned share)
{
    uintptr_t va = PAGE(page);
    assert(mmap(va, pages * P, prot, share | MAP_FIXED | MAP_ANONYMOUS) == (void *)va);
}

static void lay_out(void)
{
    map_at(WORK, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    map_at(READ_ONLY, 1, PROT_READ, MAP_PRIVATE);
    map_at(NO_ACCESS, 1, PROT_NONE, MAP_PRIVATE);
    map_at(FRESH, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    map_at(SHARED, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    memset((void *)PAGE(WORK), 0x5a, P);
    memset(long_name, 'n', sizeof(long_name) - 1);
    assert(sbrk(P) != NULL);
    const struct place more[MORE_PLACES] = {
        {ALIGN_UP((uintptr_t)stand_by, P) - 1, false},
        {brk(0) - 1, false},
        {brk(0), true},
        {(uintptr_t)argv_nop, false},
        {(uintptr_t)long_name, false},
        {(uintptr_t)bystander_data, false},
    };
    memcpy(places, fixed_places, sizeof(fixed_places));
    memcpy(places + ARRAY_SIZE(fixed_places), more, sizeof(more));
}

/* ---- one call ---- */

/* clone() in assembler: a child with another stack has no frame to return to, so it calls getpid() and
 * exits. */
static int call_clone(const uint32_t *a)
{
    int result;
    __asm__ volatile("int $0x80\n\t"
                     "testl %%eax, %%eax\n\t"
                     "jnz 1f\n\t"
                     "movl %2, %%eax; int $0x80\n\t"
                     "movl %3, %%eax; xorl %%edx, %%edx; int $0x80\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "0"(NR_clone), "i"(NR_getpid), "i"(NR_exit), "d"(a[0]), "c"(a[1]), "b"(a[2]),
                       "D"(a[3]), "S"(a[4])
                     : "memory", "cc");
    return result;
}

static bool is_result(int result)
{
    return (unsigned)result < USERTOP || (result < 0 && result > -ERRORS);
}

/* Record the first error. */
static void note_wrong(const struct call *call, const uint32_t *a, int result, const char *why)
{
    if (notes->wrong[0] == '\0')
        snprintf(notes->wrong, sizeof(notes->wrong), "%s(0x%x, 0x%x, 0x%x, 0x%x) = %d: %s", call->name,
                 (unsigned)a[0], (unsigned)a[1], (unsigned)a[2], (unsigned)a[3], result, why);
}

static int try_call(const struct call *call, const uint32_t *a)
{
    unsigned *results = notes->results[call - calls];
    notes->done++;
    results[ERRORS]++;
    int result = call->nr == NR_clone ? call_clone(a) : syscall5((int)call->nr, a[0], a[1], a[2], a[3], a[4]);
    if (result == 0 && (call->nr == NR_fork || call->nr == NR_clone))
        return 0; /* the child; its parent counts */
    results[ERRORS]--;
    if (!is_result(result))
        note_wrong(call, a, result, "no result");
    if (constants[0] != 0xC0)
        note_wrong(call, a, result, "a constant has changed");
    results[result < 0 && result > -ERRORS ? -result : 0]++;
    return result;
}

/* ---- exhaustive ---- */

enum { FILLINGS = 2 };

static bool is_pointer(enum type type)
{
    return type == PTR || type == STR;
}

static size_t edges_of(enum type type)
{
    return type == INT || type == UINT ? ARRAY_SIZE(numbers) : PLACES;
}

/* The value of the other arguments. With filling 0 the calls use their pointers. */
static uint32_t filling_of(enum type type, unsigned filling)
{
    const uint32_t fillings[][FILLINGS] = {
        [INT] = {1, 0},
        [UINT] = {1, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS},
        [ADDR] = {PAGE(BEHIND + 1), 0},
        [PTR] = {PAGE(WORK), (uint32_t)argv_nop},
        [STR] = {(uint32_t)argv_nop[0], (uint32_t)long_name},
    };
    return fillings[type][filling];
}

/* Whether kill(pid) kills a watcher, alone or with its group. */
static bool kills_watcher(int pid)
{
    return (pid >= 2 && pid <= WATCHERS) || (pid <= -2 && pid >= -WATCHERS);
}

/* Make the n-th attempt at argument `at` of a call. */
static void attempt(const struct call *call, unsigned at, unsigned n)
{
    uint32_t a[MAX_ARGS] = {0};
    enum type type = call->types[at];
    unsigned edge = n / FILLINGS, filling = n % FILLINGS;
    for (unsigned i = 0; i < call->args; i++)
        a[i] = filling_of(call->types[i], filling);
    if (strcmp(call->first, "pid") == 0) { /* any child, and there is one to wait for */
        a[0] = 0;
        if (fork() == 0)
            exit(filling);
    }
    if (call->args > 0)
        a[at] = type == INT || type == UINT ? numbers[edge] : places[edge].va;
    if (call->nr == NR_kill && kills_watcher((int)a[0]))
        a[0] = 0;
    if (call->nr == NR_waitany && at != 2)
        a[2] = 0; /* wait, so that the pointers are used */
    int pid = getpid(), result = try_call(call, a);
    if (getpid() != pid)
        exit(0);
    /* NULL may be a valid argument. */
    if (call->args > 0 && is_pointer(type) && filling == 0 && a[at] != 0 && places[edge].nothing &&
        result >= 0)
        note_wrong(call, a, result, "there is nothing at that address");
}

/* Make all attempts at one argument, in one child unless they affect each other. */
static void exhaust(const struct call *call, unsigned at)
{
    enum { PATIENCE = 50 };
    struct proc_info info;
    bool each_alone = false;
    unsigned total = call->args == 0 ? 1 : edges_of(call->types[at]) * FILLINGS;
    for (unsigned i = 0; i < call->args; i++)
        each_alone |= call->types[i] == ADDR;
    for (notes->next = 0; notes->next < total;) {
        int pid = fork();
        assert(pid >= 0);
        while (pid == 0) {
            attempt(call, at, notes->next++);
            if (each_alone || notes->next == total)
                exit(0);
        }
        watch(pid, PATIENCE, &notes->done, &info);
    }
}

/* ---- random ---- */

enum { DEPTH = 3 };

static uint32_t random_number(void)
{
    switch (random_below(6)) {
    case 0:
        return random32();
    case 1:
        return numbers[random_below(ARRAY_SIZE(numbers))];
    case 2:
        return random_below(ARENA_PAGES) * P;
    case 3: /* anonymous, and private or shared */
        return MAP_ANONYMOUS | (1 + random_below(2)) | (random32() & MAP_FIXED);
    default:
        return random_below(8);
    }
}

static uint32_t random_place(void)
{
    uintptr_t va = places[random_below(PLACES)].va;
    return random_below(4) == 0 ? va + random_below(9) - 4 : va;
}

static uint32_t random_argument(enum type type, int relative)
{
    static const char *const names[] = {"nop", "nop", "testbss", "nosuch", "", long_name};
    unsigned kind = random_below(8);
    if (type == INT)
        return kind == 0 ? (uint32_t)getpid() : kind <= 2 ? (uint32_t)relative : random_number();
    if (type == UINT)
        return random_number();
    if (type == ADDR && kind >= 3)
        return PAGE(random_below(ARENA_PAGES));
    if (type == STR && kind >= 4)
        return (uint32_t)names[random_below(ARRAY_SIZE(names))];
    return kind == 0 ? random32() : random_place();
}

/* Whether to make a call: never one that kills a watcher, and seldom one that takes long, prints much or ends
 * the program. */
static bool is_wanted(const struct call *call, uint32_t *a)
{
    bool seldom = random_below(16) == 0;
    switch (call->nr) {
    case NR_kill:
        return !kills_watcher((int)a[0]);
    case NR_write:
        a[2] = a[2] < 0x1000000 ? a[2] % 200 : a[2];
        return random_below(2) == 0;
    case NR_sleep:
        a[0] = seldom ? a[0] : a[0] % 2;
        return random_below(4) == 0;
    case NR_read:
        return a[0] > 2 || seldom;
    case NR_exit:
    case NR_pgdir:
    case NR_putc:
        return seldom;
    default:
        return true;
    }
}

/* Run a program of `n` random calls. Its children continue from the fork with other random numbers. */
static NORETURN void play(unsigned n)
{
    int relative = getpid();
    for (unsigned depth = 0; n > 0;) {
        const struct call *call = &calls[random_below(ARRAY_SIZE(calls))];
        uint32_t a[MAX_ARGS];
        for (unsigned i = 0; i < MAX_ARGS; i++)
            a[i] = i < call->args ? random_argument(call->types[i], relative) : random32();
        if (!is_wanted(call, a))
            continue;
        n--;
        int pid = getpid(), result = try_call(call, a);
        if (getpid() != pid) {
            random_state ^= (uint32_t)getpid() << 16;
            n = depth++ == DEPTH ? 0 : n / 2;
        } else if ((call->nr == NR_fork || call->nr == NR_clone) && result > 0) {
            relative = result;
        }
    }
    exit(0);
}

/* Kill the remaining processes of programs that have ended. */
static void sweep(void)
{
    struct proc_info info;
    for (int pid = WATCHERS + 1; info.pid = 0, sys_procs(&info, 1, (uint32_t)pid), info.pid != 0;
         pid = info.pid + 1)
        kill(info.pid);
}

/* Fork, after killing leftover processes if there is no memory. */
static int fork_after_sweep(void)
{
    int pid;
    for (unsigned tries = 0; (pid = fork()) < 0 && tries < 1000; tries++) {
        sweep();
        yield();
    }
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return pid;
}

static void try_programs(unsigned seed, unsigned count)
{
    enum { PROGRAM_CALLS = 60, PATIENCE = 60, SWEEP = 8 };
    unsigned programs = 0, stopped = 0, died = 0;
    struct proc_info info;
    while (notes->done < count) {
        int pid = fork_after_sweep();
        if (pid == 0) {
            random_start(seed, programs);
            play(PROGRAM_CALLS);
        }
        bool by_itself = watch(pid, PATIENCE, &notes->done, &info);
        stopped += !by_itself;
        died += by_itself && info.exit_code == -E_KILLED;
        if (++programs % SWEEP == 0)
            sweep();
    }
    sweep();
    printf("sysfuzz: seed %u: %u programs, %u died, %u were stopped\n", seed, programs, died, stopped);
}

/* ---- main ---- */

static void print_results(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        char line[200];
        const unsigned *results = notes->results[i];
        size_t at = (size_t)snprintf(line, sizeof(line), "sysfuzz: %s: ok %u", calls[i].name, results[0]);
        for (int error = 1; error < ERRORS; error++)
            if (results[error] != 0)
                at += (size_t)snprintf(line + at, sizeof(line) - at, ", %d x %u", -error, results[error]);
        if (results[ERRORS] != 0)
            snprintf(line + at, sizeof(line) - at, ", no return %u", results[ERRORS]);
        printf("%s\n", line);
    }
}

int main(int argc, char *argv[])
{
    bool exhaustive = argc == 2 && strcmp(argv[1], "exhaustive") == 0;
    if (!exhaustive && (argc != 4 || strcmp(argv[1], "random") != 0))
        usage("sysfuzz exhaustive, or sysfuzz random SEED COUNT");
    notes = map_pages(ALIGN_UP(sizeof(*notes), P), MAP_SHARED);
    int bystander = fork();
    if (bystander == 0)
        stand_by();
    if (getpid() > WATCHERS || bystander < 0 || bystander > WATCHERS)
        panic("this must be the first program of its machine: tools/run sysfuzz ...");
    lay_out();
    if (exhaustive) {
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
            for (unsigned at = 0; at < MAX(calls[i].args, 1u); at++)
                exhaust(&calls[i], at);
        sweep();
    } else {
        try_programs(number_of(argv[2]), number_of(argv[3]));
    }
    notes->stop = true;
    int harmed = code_of(bystander);
    printf("sysfuzz: %u calls\n", notes->done);
    print_results();
    if (notes->wrong[0] != '\0')
        panic("%s", notes->wrong);
    CHECK(harmed, 0, "bystander that looked %u times", notes->looks);
    return pass();
}
