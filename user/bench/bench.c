/* SPDX-License-Identifier: MIT */
/*
 * bench - measures the cost of operations, in ticks of the time stamp counter, and of a process, in memory.
 *
 *     bench [live N] [WORD]
 *
 * N sleeping processes (default 10) exist while the operations are measured; WORD selects the rows whose
 * name begins with it. "quick" selects all but the most processes that fit into memory, "started" prints the
 * counter when the program began. Each row is the median of its samples, without the cost of reading the
 * counter. Under QEMU's `-icount shift=0` a tick is one instruction, and every run gives the same numbers;
 * tools/bench makes a table of them.
 *
 * The rows measure ordinary library calls. So a child's exit() includes the copy of a stack page if fork
 * shares pages.
 */
#include "check.h"
#include "costs.h"

enum {
    LIVE_DEFAULT = 10,
    SAMPLES = 9,
    RUN_PAGES = 256,
    MIB_PAGES = (1 << 20) / PAGE_SIZE,
    HERD = 200,
    TABLE_BYTES = 4 << 20,
    SPARSE_TABLES = 512,
    FREE_PAGES = 16 * MIB_PAGES,
    REGIONS = 10000
};

/* Private memory of the measured process; every page has been written to. */
struct area {
    volatile char *pages;
    size_t n;
};

/* One measurement, in ticks. */
typedef uint32_t sample_fn(struct area area);

static uint32_t overhead; /* the result of since() for an empty interval */

static inline uint32_t since(uint32_t start)
{
    uint32_t ticks = ticks_now() - start;
    return ticks > overhead ? ticks - overhead : 0; /* a single store may take less than the reading */
}

static int forked(void)
{
    int pid = fork();
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return pid;
}

/* ---- system calls and switches ---- */

static uint32_t getpid_once(struct area area)
{
    (void)area;
    uint32_t start = ticks_now();
    getpid();
    return since(start);
}

static uint32_t yield_once(struct area area)
{
    (void)area;
    uint32_t start = ticks_now();
    yield();
    return since(start);
}

/* Kill and reap a child. Returns the ticks. */
static uint32_t kill_and_wait(int pid)
{
    uint32_t start = ticks_now();
    kill(pid);
    waitpid(pid, NULL);
    return since(start);
}

/* Fork a child that does nothing but yield, and let it run. */
static int yielding_child(void)
{
    int pid = forked();
    if (pid == 0)
        for (;;)
            yield();
    yield();
    return pid;
}

/* Switch to a child that yields at once, and back. */
static uint32_t switch_twice(struct area area)
{
    int pid = yielding_child();
    uint32_t ticks = yield_once(area);
    kill_and_wait(pid);
    return ticks;
}

/* ---- fork, exec, exit, wait ---- */

static uint32_t fork_exit_wait(struct area area)
{
    (void)area;
    uint32_t start = ticks_now();
    int pid = fork();
    if (pid == 0)
        exit(0);
    waitpid(pid, NULL);
    return since(start);
}

/* Write to each page. Returns the ticks. */
static uint32_t write_pages(struct area area)
{
    uint32_t start = ticks_now();
#pragma clang loop unroll_count(8) /* so that the program's own instructions hardly count */
    for (size_t i = 0; i < area.n; i++)
        area.pages[i * PAGE_SIZE] = 1;
    return since(start);
}

static uint32_t fork_write_exit_wait(struct area area)
{
    uint32_t start = ticks_now();
    int pid = fork();
    if (pid == 0) {
        write_pages(area);
        exit(0);
    }
    waitpid(pid, NULL);
    return since(start);
}

/* The child writes to one page. */
static uint32_t fork_write_one(struct area area)
{
    area.n = 1;
    return fork_write_exit_wait(area);
}

/* The parent writes to its pages when a child that shared them has ended. */
static uint32_t rewrite(struct area area)
{
    fork_exit_wait(area);
    return write_pages(area);
}

/* Fork a process that has one page in each of SPARSE_TABLES page tables. */
static uint32_t fork_sparse(struct area area)
{
    (void)area;
    volatile char *pages = map_pages((size_t)SPARSE_TABLES * TABLE_BYTES, MAP_PRIVATE);
    for (size_t i = 0; i < SPARSE_TABLES; i++)
        pages[i * TABLE_BYTES] = 1;
    uint32_t ticks = fork_exit_wait(area);
    munmap(pages, (size_t)SPARSE_TABLES * TABLE_BYTES);
    return ticks;
}

/* Free memory that no other process shares. */
static uint32_t free_all(struct area area)
{
    struct area own = {map_pages(FREE_PAGES * PAGE_SIZE, MAP_PRIVATE), FREE_PAGES};
    (void)area;
    write_pages(own);
    uint32_t start = ticks_now();
    munmap(own.pages, own.n * PAGE_SIZE);
    return since(start);
}

static uint32_t fork_exec_exit_wait(struct area area)
{
    (void)area;
    static const char *const argv[] = {"nop"};
    uint32_t start = ticks_now();
    int pid = fork();
    if (pid == 0)
        exit(exec(argv[0], ARRAY_SIZE(argv), argv));
    int code = code_of(pid);
    uint32_t ticks = since(start);
    assert(code == 0);
    return ticks;
}

/* The program and its arguments are read from pages of this process, whatever its size. */
static uint32_t spawn_exit_wait(struct area area)
{
    (void)area;
    return spawn_nop() - overhead;
}

/* What ARGUMENT_BYTES more bytes of arguments add to an exec. */
static uint32_t exec_arguments(struct area area)
{
    (void)area;
    uint32_t with = exec_argument(ARGUMENT_BYTES);
    return with - exec_argument(0);
}

static uint32_t console_output(struct area area)
{
    (void)area;
    return write_blanks(OUTPUT_BYTES) - overhead;
}

/* ---- page faults ---- */

/* The cost of first writes minus that of second writes: one fault per page; 0 if there is none. */
static uint32_t faults(struct area area)
{
    uint32_t first = write_pages(area), second = write_pages(area);
    return first > second ? first - second : 0;
}

/* In a child that shares all pages with its parent. */
static uint32_t copy_faults(struct area area)
{
    int pid = forked();
    if (pid == 0)
        exit((int)faults(area));
    return (uint32_t)code_of(pid);
}

/* After a child has ended: the pages are no longer shared. */
static uint32_t reuse_faults(struct area area)
{
    fork_exit_wait(area);
    return faults(area);
}

static uint32_t zero_faults(struct area area)
{
    (void)area;
    struct area fresh = {map_pages(RUN_PAGES * PAGE_SIZE, MAP_PRIVATE), RUN_PAGES};
    uint32_t ticks = faults(fresh);
    munmap(fresh.pages, fresh.n * PAGE_SIZE);
    return ticks;
}

/* In a child, because a page of the program is touched for the first time only once. */
static uint32_t bss_faults(struct area area)
{
    static char bss[BSS_PAGES * PAGE_SIZE];
    (void)area;
    int pid = forked();
    if (pid == 0)
        exit((int)faults((struct area){bss + PAGE_SIZE - 1, BSS_PAGES - 1}));
    return (uint32_t)code_of(pid);
}

/* Read each page. Returns the ticks. */
static uint32_t read_pages(struct area area)
{
    uint32_t start = ticks_now();
    for (size_t i = 0; i < area.n; i++)
        (void)area.pages[i * PAGE_SIZE];
    return since(start);
}

/* The pages are in memory already, because a child has swapped them in. */
static uint32_t minor_faults(struct area area)
{
    (void)area;
    struct area common = {map_pages(RUN_PAGES * PAGE_SIZE, MAP_SHARED), RUN_PAGES};
    int pid = forked();
    if (pid == 0)
        exit(write_pages(common) == 0);
    waitpid(pid, NULL);
    uint32_t ticks = read_pages(common);
    ticks -= read_pages(common);
    munmap(common.pages, common.n * PAGE_SIZE);
    return ticks;
}

static void evict(struct area area)
{
    if (sys_pageout((uintptr_t)area.pages, area.n * PAGE_SIZE) != (int)area.n)
        panic("not all of %u pages left memory", (unsigned)area.n);
}

/* The pages have just been swapped out. */
static uint32_t evictions(struct area area)
{
    write_pages(area);
    uint32_t start = ticks_now();
    evict(area);
    return since(start);
}

static uint32_t major_faults(struct area area)
{
    evictions(area);
    uint32_t first = read_pages(area);
    return first - read_pages(area);
}

/* ---- kill ---- */

static uint32_t kill_yielding(struct area area)
{
    (void)area;
    return kill_and_wait(yielding_child());
}

/* The child has not run yet. */
static uint32_t kill_newborn(struct area area)
{
    (void)area;
    int pid = forked();
    if (pid == 0)
        exit(0);
    return kill_and_wait(pid);
}

/* The child spins and was preempted by the timer. */
static uint32_t kill_spinning(struct area area)
{
    (void)area;
    int pid = forked();
    if (pid == 0)
        for (;;) {}
    yield();
    return kill_and_wait(pid);
}

/* ---- many processes ---- */

/* Fork up to `limit` children that sleep until they are killed, until fork fails; *error is its error or 0.
 * Returns their number; all have run by then. When memory is exhausted, a process that writes to a shared
 * page may be killed because it cannot be copied; so this function only makes inlined calls, and ends the
 * last child after a failure to free some memory. */
__attribute__((noinline)) static int fork_sleepers(int limit, int *error)
{
    int count = 0, pid = 0, last = 0;
    for (; count < limit; count++) {
        pid = sys_fork();
        if (pid == 0)
            for (;;)
                sys_sleep(1000000);
        if (pid < 0)
            break;
        last = pid;
        sys_yield();
    }
    if (pid < 0) {
        sys_kill(last);
        sys_wait(last, NULL);
    }
    *error = pid < 0 ? pid : 0;
    return count;
}

/* Kill and reap all children. */
static void end_children(void)
{
    struct proc_info child;
    for (int next = 0;; next = child.pid + 1) {
        child.pid = -1;
        sys_procs(&child, 1, next);
        if (child.pid < 0)
            break;
        if (child.parent == getpid())
            kill(child.pid);
    }
    while (wait() == 0)
        continue;
}

static void start_sleepers(int n)
{
    int error, count = fork_sleepers(n, &error);
    if (count == n)
        return;
    end_children();
    panic("%d processes live, not %d: %s", count, n, error_text(error));
}

static bool has_disk(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.swap_total > 0;
}

static unsigned free_pages(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.free;
}

/* Returns the memory of a sleeping process in bytes: frames, its own and its share of slabs. */
static uint32_t memory_per_process(void)
{
    unsigned before = free_pages();
    start_sleepers(HERD);
    unsigned taken = before - free_pages();
    end_children();
    return taken * PAGE_SIZE / HERD;
}

/* Returns how many processes can sleep at the same time. */
static uint32_t most_processes(void)
{
    int error, count = fork_sleepers(INT32_MAX, &error);
    end_children();
    return (uint32_t)count;
}

/* ---- many regions ---- */

/* Map a page when there are REGIONS regions, without gaps between them: each is an object of its own. */
static uint32_t map_among_regions(void)
{
    char *lowest = NULL;
    for (size_t i = 0; i < REGIONS; i++)
        lowest = map_pages(PAGE_SIZE, MAP_SHARED);
    uint32_t start = ticks_now();
    char *page = mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    uint32_t ticks = since(start);
    assert(page == lowest - PAGE_SIZE);
    munmap(page, (REGIONS + 1) * PAGE_SIZE);
    return ticks;
}

/* ---- rows ---- */

static const struct row {
    const char *name;
    sample_fn *sample;
    unsigned area_pages; /* size of the area */
    unsigned per;        /* operations per sample */
    bool on_disk;        /* needs a swap disk */
} rows[] = {
    {"getpid", getpid_once, 0, 1, false},
    {"yield", yield_once, 0, 1, false},
    {"switch", switch_twice, 0, 2, false},
    {"fork", fork_exit_wait, 0, 1, false},
    {"fork-1M", fork_exit_wait, 1 * MIB_PAGES, 1, false},
    {"fork-4M", fork_exit_wait, 4 * MIB_PAGES, 1, false},
    {"fork-16M", fork_exit_wait, 16 * MIB_PAGES, 1, false},
    {"fork-64M", fork_exit_wait, 64 * MIB_PAGES, 1, false},
    {"fork-256M", fork_exit_wait, 256 * MIB_PAGES, 1, false},
    {"fork-768M", fork_exit_wait, 768 * MIB_PAGES, 1, false},
    {"fork-16M-one", fork_write_one, 16 * MIB_PAGES, 1, false},
    {"fork-4M-write", fork_write_exit_wait, 4 * MIB_PAGES, 1, false},
    {"rewrite-16M", rewrite, 16 * MIB_PAGES, 1, false},
    {"fork-sparse", fork_sparse, 0, SPARSE_TABLES, false},
    {"free-page", free_all, 0, FREE_PAGES, false},
    {"cow-copy", copy_faults, RUN_PAGES, RUN_PAGES, false},
    {"cow-reuse", reuse_faults, RUN_PAGES, RUN_PAGES, false},
    {"demand-zero", zero_faults, 0, RUN_PAGES, false},
    {"bss", bss_faults, 0, BSS_PAGES - 1, false},
    {"minor", minor_faults, 0, RUN_PAGES, false},
    {"major", major_faults, RUN_PAGES, RUN_PAGES, true},
    {"evict", evictions, RUN_PAGES, RUN_PAGES, true},
    {"exec", fork_exec_exit_wait, 0, 1, false},
    {"spawn-16M", spawn_exit_wait, 16 * MIB_PAGES, 1, false},
    {"arguments-KiB", exec_arguments, 0, ARGUMENT_BYTES / 1024, false},
    {"console-512", console_output, 0, 1, false},
    {"kill-yielding", kill_yielding, 0, 1, false},
    {"kill-newborn", kill_newborn, 0, 1, false},
    {"kill-spinning", kill_spinning, 0, 1, false},
};

/* Measured once, without other processes. */
static const struct {
    const char *name;
    uint32_t (*measure)(void);
} totals[] = {
    {"mmap-regions", map_among_regions},
    {"process-bytes", memory_per_process},
    {"processes", most_processes},
};

static const char *wanted = "";
static unsigned shown;

static bool is_wanted(const char *name)
{
    if (strcmp(wanted, "quick") == 0)
        return strcmp(name, "processes") != 0;
    return strncmp(name, wanted, strlen(wanted)) == 0;
}

static void show(const char *name, uint32_t value)
{
    printf("bench: %s = %u\n", name, value);
    shown++;
}

static uint32_t median(sample_fn *sample, struct area area)
{
    uint32_t samples[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        samples[i] = sample(area);
    return median_of(samples, SAMPLES);
}

static void show_row(const struct row *row)
{
    struct area area = {NULL, row->area_pages};
    if (area.n > 0)
        area.pages = map_pages(area.n * PAGE_SIZE, MAP_PRIVATE);
    write_pages(area);
    show(row->name, median(row->sample, area) / row->per);
    if (area.n > 0)
        munmap(area.pages, area.n * PAGE_SIZE);
}

/* Whether this machine has what the row needs: the disk, and memory for its area and a copy of it. A row that
 * was asked for by its whole name needs no room for the copy: its fork may share. */
static bool is_possible(const struct row *row)
{
    unsigned areas = strcmp(row->name, wanted) == 0 ? 1 : 2;
    return (!row->on_disk || has_disk()) && areas * row->area_pages <= free_pages();
}

/* Convert `text` from decimal. Returns -1 if it is not a number. */
static int number(const char *text)
{
    int value = *text == '\0' ? -1 : 0;
    for (; *text != '\0' && value >= 0; text++)
        value = *text >= '0' && *text <= '9' && value < 10000 ? value * 10 + (*text - '0') : -1;
    return value;
}

/* Parse the arguments: set `wanted`, and return the number of sleeping processes. */
static int parse(int argc, char *argv[])
{
    int live = LIVE_DEFAULT, at = 1;
    if (argc > 2 && strcmp(argv[1], "live") == 0) {
        live = number(argv[2]);
        at = 3;
    }
    if (live < 0 || argc > at + 1) {
        printf("usage: bench [live N] [WORD]\n");
        exit(1);
    }
    if (argc > at)
        wanted = argv[at];
    return live;
}

int main(int argc, char *argv[])
{
    uint32_t started = ticks_now();
    int live = parse(argc, argv);
    overhead = since(ticks_now());
    if (strcmp(wanted, "started") == 0)
        show(wanted, started);
    start_sleepers(live);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (is_wanted(rows[i].name) && is_possible(&rows[i]))
            show_row(&rows[i]);
    end_children();
    for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
        if (is_wanted(totals[i].name))
            show(totals[i].name, totals[i].measure());
    if (shown == 0)
        panic("no row begins with %s", wanted);
    return pass();
}
