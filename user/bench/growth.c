/* SPDX-License-Identifier: MIT */
/*
 * growth - measures one operation in a world of a given size, to see how its cost grows.
 *
 *     growth NAME N
 *
 * makes N of what NAME says, measures the operation in ticks of the time stamp counter, and prints the median
 * of the samples as "growth: NAME N = TICKS". tools/bench --growth runs it at several sizes.
 */
#include "check.h"
#include "costs.h"

enum { SAMPLES = 5, TABLE_SPAN = 4 << 20, FOREVER = 1000000 };

/* One measurement, in ticks, of an operation in a world of `n` things. */
typedef uint32_t sample_fn(unsigned n);

static int forked(void)
{
    int pid = fork();
    if (pid < 0)
        panic("fork: %s", error_text(pid));
    return pid;
}

/* ---- worlds ---- */

static volatile char *memory; /* of the world; NULL: none */

/* Fork `n` children that sleep until the same tick, which does not come. */
static void sleeping_children(unsigned n)
{
    for (; n > 0; n--) {
        if (forked() == 0)
            for (;;)
                sleep(FOREVER);
        yield();
    }
}

/* Fork a child that has `n` sleeping children, and sleeps too. */
static void sleeping_grandchildren(unsigned n)
{
    int pid = forked();
    if (pid == 0) {
        sleeping_children(n);
        for (;;)
            sleep(FOREVER);
    }
    await_state(pid, SLEEPING);
}

static void zombies(unsigned n)
{
    for (; n > 0; n--) {
        if (forked() == 0)
            exit(0);
        yield();
    }
}

static void dirty_pages(unsigned n)
{
    memory = map_pages(n * PAGE_SIZE, MAP_PRIVATE);
    for (unsigned i = 0; i < n; i++)
        memory[i * PAGE_SIZE] = 1;
}

/* One page in each of `n` page tables. */
static void sparse_pages(unsigned n)
{
    memory = map_pages(n * TABLE_SPAN, MAP_PRIVATE);
    for (unsigned i = 0; i < n; i++)
        memory[i * TABLE_SPAN] = 1;
}

/* `n` regions of a page, with holes between them. */
static void regions(unsigned n)
{
    memory = map_pages(2 * n * PAGE_SIZE, MAP_PRIVATE);
    for (unsigned i = 0; i < n; i++)
        munmap(memory + 2 * i * PAGE_SIZE, PAGE_SIZE);
}

static void sharers(unsigned n)
{
    dirty_pages(1);
    sleeping_children(n);
}

static void full_slots(unsigned n)
{
    dirty_pages(n);
    if (sys_pageout((uintptr_t)memory, n * PAGE_SIZE) != (int)n)
        panic("not all of %u pages left memory: is there a disk?", n);
}

/* ---- operations ---- */

static uint32_t fork_exit_wait(unsigned n)
{
    (void)n;
    uint32_t start = ticks_now();
    int pid = fork();
    if (pid == 0)
        exit(0);
    waitpid(pid, NULL);
    return ticks_now() - start;
}

/* Reap any child. The world keeps its size. */
static uint32_t wait_any(unsigned n)
{
    (void)n;
    zombies(1);
    uint32_t start = ticks_now();
    wait();
    return ticks_now() - start;
}

static uint32_t exec_nop(unsigned n)
{
    (void)n;
    return exec_argument(0);
}

static uint32_t exec_bytes(unsigned n)
{
    return exec_argument(n);
}

static uint32_t output(unsigned n)
{
    return write_blanks(n);
}

static uint32_t map_touch_unmap(unsigned n)
{
    (void)n;
    uint32_t start = ticks_now();
    volatile char *page = map_pages(PAGE_SIZE, MAP_PRIVATE);
    *page = 1;
    munmap(page, PAGE_SIZE);
    return ticks_now() - start;
}

/* Kill and reap a child that sleeps until the same tick as all the others. */
static uint32_t end_sleeper(unsigned n)
{
    (void)n;
    int pid = forked();
    if (pid == 0)
        for (;;)
            sleep(FOREVER);
    yield();
    uint32_t start = ticks_now();
    kill(pid);
    waitpid(pid, NULL);
    return ticks_now() - start;
}

/* A child writes to the page that all sleepers share. */
static uint32_t copy_shared(unsigned n)
{
    (void)n;
    int pid = forked();
    if (pid == 0) {
        uint32_t start = ticks_now();
        *memory = 2;
        exit((int)(ticks_now() - start));
    }
    return (uint32_t)code_of(pid);
}

/* One more page goes to the disk, and comes back. */
static uint32_t evict_and_return(unsigned n)
{
    (void)n;
    volatile char *page = map_pages(PAGE_SIZE, MAP_PRIVATE);
    *page = 1;
    uint32_t start = ticks_now();
    sys_pageout((uintptr_t)page, PAGE_SIZE);
    *page = 2;
    uint32_t ticks = ticks_now() - start;
    munmap(page, PAGE_SIZE);
    return ticks;
}

static const struct {
    const char *name;
    void (*make)(unsigned n); /* NULL: the size is an argument of the operation, or of the machine */
    sample_fn *sample;
} rows[] = {
    {"processes", sleeping_grandchildren, fork_exit_wait},
    {"siblings", sleeping_children, fork_exit_wait},
    {"zombies", zombies, wait_any},
    {"sleepers", sleeping_children, end_sleeper},
    {"sharers", sharers, copy_shared},
    {"pages", dirty_pages, fork_exit_wait},
    {"sparse", sparse_pages, fork_exit_wait},
    {"regions", regions, map_touch_unmap},
    {"slots", full_slots, evict_and_return},
    {"arguments", NULL, exec_bytes},
    {"output", NULL, output},
    {"ring", NULL, fork_exit_wait},
    {"archive", NULL, exec_nop},
};

static uint32_t median(sample_fn *sample, unsigned n)
{
    uint32_t samples[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        samples[i] = sample(n);
    return median_of(samples, SAMPLES);
}

/* Kill all processes that this one and its descendants have forked. */
static void end_all(void)
{
    struct proc_info other;
    for (int next = getpid() + 1;; next = other.pid + 1) {
        other.pid = -1;
        sys_procs(&other, 1, next);
        if (other.pid < 0)
            break;
        kill(other.pid);
    }
    while (wait() == 0)
        continue;
}

int main(int argc, char *argv[])
{
    if (argc != 3)
        usage("growth NAME N");
    unsigned n = number_of(argv[2]);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, argv[1]) != 0)
            continue;
        if (rows[i].make != NULL)
            rows[i].make(n);
        printf("growth: %s %u = %u\n", argv[1], n, median(rows[i].sample, n));
        end_all();
        return pass();
    }
    panic("nothing to measure is called %s", argv[1]);
}
