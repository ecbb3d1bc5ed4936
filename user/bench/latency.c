/* SPDX-License-Identifier: MIT */
/*
 * latency - how late a sleeper is while another process makes the kernel work for long (D93).
 *
 *     latency CASE N          one process does CASE with N MiB of memory, or N processes or regions
 *     latency CASE N KILL     the same, and it is killed KILL ticks after it has begun: how many ticks it
 * then takes to end, its memory included
 *
 * A process that sleeps for one tick at a time records by how many ticks it was late at most.
 */
#include "check.h"

enum { MIB = 1 << 20, MANY_MAX = 10000, LONG = 1000000, STACK_SIZE = 4 * PAGE_SIZE };

/* Shared by all processes of this program. */
static struct shared {
    volatile int most, naps, begun;
    volatile unsigned pids_n;
    int pids[MANY_MAX];
} * shared;

static unsigned n;
static size_t bytes;

static void begin(void)
{
    shared->begun = sys_gettime();
}

static volatile char *map(unsigned prot, unsigned flags)
{
    volatile char *memory = mmap(0, bytes, prot, flags | MAP_ANONYMOUS);
    assert(mmap_error(memory) == 0);
    return memory;
}

static volatile char *filled(unsigned flags)
{
    volatile char *memory = map(PROT_READ | PROT_WRITE, flags);
    for (size_t at = 0; at < bytes; at += PAGE_SIZE)
        memory[at] = 1;
    return memory;
}

static void start_many(int (*body)(void))
{
    assert(n <= MANY_MAX);
    for (unsigned i = 0; i < n; i++) {
        int pid = fork();
        if (pid == 0)
            exit(body());
        assert(pid > 0);
        shared->pids[shared->pids_n++] = pid;
    }
}

static int for_long(void)
{
    return sleep(LONG);
}

static int at_once(void)
{
    return 0;
}

/* ---- The cases ---- */

static void do_munmap(void)
{
    volatile char *memory = filled(MAP_PRIVATE);
    begin();
    assert(munmap(memory, bytes) == 0);
}

static void do_unshare(void)
{
    volatile char *memory = filled(MAP_SHARED);
    begin();
    assert(munmap(memory, bytes) == 0);
}

static void do_exit(void)
{
    filled(MAP_PRIVATE);
    begin();
}

static void do_exec(void)
{
    filled(MAP_PRIVATE);
    begin();
    exec("nop", 0, NULL);
}

static void do_fork(void)
{
    filled(MAP_PRIVATE);
    begin();
    int pid = fork();
    if (pid == 0)
        exit(0);
    assert(pid > 0 && code_of(pid) == 0);
}

static void do_brk(void)
{
    uintptr_t start = brk(0);
    assert(brk(start + bytes) == start + bytes);
    for (size_t at = 0; at < bytes; at += PAGE_SIZE)
        *(volatile char *)(start + at) = 1;
    begin();
    assert(brk(start) == start);
}

static void do_fixed(void)
{
    volatile char *memory = filled(MAP_PRIVATE);
    begin();
    assert(mmap((uintptr_t)memory, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS) == memory);
}

/* The whole range is read before the first byte is printed; the end of it cannot be read. */
static void do_write(void)
{
    volatile char *memory = map(PROT_READ, MAP_PRIVATE);
    assert(munmap(memory + bytes - PAGE_SIZE, PAGE_SIZE) == 0);
    begin();
    assert(write(STDOUT, (const void *)memory, bytes) == -E_INVAL);
}

static void do_touch(void)
{
    begin();
    filled(MAP_PRIVATE);
}

static void do_pageout(void)
{
    volatile char *memory = filled(MAP_PRIVATE);
    begin();
    sys_pageout((uintptr_t)memory, bytes);
}

/* More memory is written again and again than there is. */
static void do_storm(void)
{
    begin();
    volatile char *memory = filled(MAP_PRIVATE);
    for (int round = 0; round < 2; round++)
        for (size_t at = 0; at < bytes; at += PAGE_SIZE)
            memory[at]++;
}

static void do_pages(void)
{
    struct page_counts counts;
    filled(MAP_PRIVATE);
    begin();
    assert(sys_pages(getpid(), &counts) == 0);
}

static void do_pgdir(void)
{
    filled(MAP_PRIVATE);
    begin();
    print_pgdir();
}

static void do_zombies(void)
{
    start_many(at_once);
    shared->pids_n = 0;
    begin();
}

static void do_orphans(void)
{
    start_many(for_long);
    begin();
}

static void do_procs(void)
{
    static struct proc_info infos[MANY_MAX];
    start_many(for_long);
    begin();
    assert(sys_procs(infos, MANY_MAX, 0) > (int)n);
    for (; shared->pids_n > 0; shared->pids_n--) {
        kill(shared->pids[shared->pids_n - 1]);
        wait();
    }
}

static int until_tick(void)
{
    int left = shared->begun - sys_gettime();
    return sleep(left > 0 ? (unsigned)left : 0);
}

static void do_ticks(void)
{
    shared->begun = sys_gettime() + (int)n / 4 + 20;
    start_many(until_tick);
    shared->pids_n = 0;
    while (wait() == 0)
        continue;
}

/* Regions that cannot merge: every second page. */
static unsigned make_regions(void)
{
    uintptr_t at = brk(0) + 16 * MIB;
    for (unsigned i = 0; i < n; i++, at += 2 * PAGE_SIZE)
        if (mmap_error(mmap(at, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS)) != 0)
            return i;
    return n;
}

static void do_regions(void)
{
    make_regions();
    begin();
    int pid = fork();
    if (pid == 0)
        exit(0);
    assert(pid > 0 && code_of(pid) == 0);
    map(PROT_READ, MAP_PRIVATE);
    uintptr_t start = brk(0) + 16 * MIB;
    assert(munmap((void *)start, USER_STACK_BASE - start) == 0);
    make_regions();
}

static int unmap_and_fork(void *memory)
{
    int pid = fork();
    if (pid == 0)
        exit(0);
    return munmap(memory, bytes) + (pid > 0 ? code_of(pid) : pid);
}

/* N processes are killed at once, and all have to end. */
static void do_kills(void)
{
    start_many(for_long);
    sleep(20); /* until they sleep */
    begin();
    for (; shared->pids_n > 0; shared->pids_n--)
        assert(kill(shared->pids[shared->pids_n - 1]) == 0);
    while (wait() == 0)
        continue;
}

/* A group of N processes is killed: in the end all members are dying. */
static void do_group(void)
{
    assert(setpgid(0, 0) == 0);
    start_many(for_long);
    sleep(60); /* until they sleep */
    assert(setpgid(0, getpgid(getppid())) == 0);
    begin();
    assert(kill(-getpid()) == 0);
    shared->pids_n = 0;
    while (wait() == 0)
        continue;
}

static int read_byte(void)
{
    char byte;
    return read(STDIN, &byte, 1);
}

/* N processes wait for input, and all have to look again whether they may read. */
static void do_readers(void)
{
    start_many(read_byte);
    sleep(60); /* until they wait */
    begin();
    for (int i = 0; i < 20; i++) {
        assert(sys_tcsetmode(i % 2 == 0 ? TERM_LINES : TERM_KEYS | TERM_STATUS) >= 0);
        assert(tcsetpgrp(getpgid(0)) == 0);
    }
}

static int hold_lock(void *unused)
{
    (void)unused;
    print_pgdir();
    return 0;
}

/* Wait for a lock that another process of the same memory holds while it prints a line for every second page.
 */
static void do_lockwait(void)
{
    static char stack[STACK_SIZE] __attribute__((aligned(16)));
    volatile char *memory = map(PROT_READ | PROT_WRITE, MAP_PRIVATE);
    for (size_t at = 0; at < bytes; at += 2 * PAGE_SIZE)
        memory[at] = 1;
    shared->begun = 0; /* now, because its first access, too, waits for the lock */
    assert(thread_start(hold_lock, NULL, stack + STACK_SIZE) > 0);
    sleep(2); /* until it has the lock */
    begin();
    brk(0);
}

/* Another process of the same memory does it. */
static void do_threads(void)
{
    static char stack[STACK_SIZE] __attribute__((aligned(16)));
    volatile char *memory = filled(MAP_PRIVATE);
    begin();
    int pid = thread_start(unmap_and_fork, (void *)memory, stack + STACK_SIZE);
    assert(pid > 0);
    for (int i = 0; i < 20; i++) {
        int start = sys_gettime();
        sleep(1);
        shared->most = MAX(shared->most, sys_gettime() - start - 1);
    }
    assert(code_of(pid) == 0);
}

static const struct {
    const char *name;
    void (*body)(void);
    bool counts; /* N is a number of processes or regions, not of MiB */
} cases[] = {
    {"munmap", do_munmap, false},   {"unshare", do_unshare, false}, {"exit", do_exit, false},
    {"exec", do_exec, false},       {"fork", do_fork, false},       {"brk", do_brk, false},
    {"fixed", do_fixed, false},     {"write", do_write, false},     {"touch", do_touch, false},
    {"pageout", do_pageout, false}, {"storm", do_storm, false},     {"pages", do_pages, false},
    {"pgdir", do_pgdir, false},     {"threads", do_threads, false}, {"zombies", do_zombies, true},
    {"orphans", do_orphans, true},  {"procs", do_procs, true},      {"ticks", do_ticks, true},
    {"regions", do_regions, true},  {"kills", do_kills, true},      {"group", do_group, true},
    {"crowd", do_group, true},      {"readers", do_readers, true},  {"lockwait", do_lockwait, false},
};

static int nap(void)
{
    for (;; shared->naps++) {
        int start = sys_gettime();
        sleep(1);
        shared->most = MAX(shared->most, sys_gettime() - start - 1);
    }
}

static void (*case_named(const char *name))(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (strcmp(cases[i].name, name) != 0)
            continue;
        bytes = cases[i].counts ? 16 * PAGE_SIZE : (size_t)n * MIB;
        return cases[i].body;
    }
    panic("there is no case \"%s\"", name);
}

static int start(int (*body)(void), void (*work)(void))
{
    int pid = fork();
    if (pid == 0) {
        if (work != NULL)
            work();
        exit(body());
    }
    assert(pid > 0);
    return pid;
}

/* Kill the worker when it has been at it for `ticks`. Returns the tick at which it was killed. */
static int kill_after(int worker, int ticks)
{
    while (shared->begun == 0 || sys_gettime() < shared->begun + ticks)
        sleep(1);
    int now = sys_gettime();
    assert(kill(worker) == 0);
    return now;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        usage("latency CASE N [KILL]");
    n = number_of(argv[2]);
    void (*work)(void) = case_named(argv[1]);
    shared = map_pages(sizeof(*shared), MAP_SHARED);
    int sleeper = start(nap, NULL), worker = start(at_once, work), killed = 0, code;
    if (argc > 3)
        killed = kill_after(worker, (int)number_of(argv[3]));
    assert(waitpid(worker, &code) == 0);
    int ended = sys_gettime();
    for (unsigned i = 0; i < shared->pids_n; i++) {
        kill(shared->pids[i]);
        if (i % 8 == 0)
            sleep(1); /* or they would all want to run, to end, before the sleeper */
    }
    sleep(20); /* for what init still has to do */
    kill(sleeper);
    assert(code_of(sleeper) == -E_KILLED);
    printf("latency: %s %u: worked %d ticks, a sleeper was at most %d late in %d naps\n", argv[1], n,
           ended - shared->begun, shared->most, shared->naps);
    if (killed != 0)
        printf("latency: ended %d ticks after it was killed\n", ended - killed);
    CHECK(code, killed != 0 ? -E_KILLED : 0, "exit code of %s", argv[1]);
    return pass();
}
