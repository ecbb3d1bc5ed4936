/* SPDX-License-Identifier: MIT */
/*
 * pressure - more memory than the machine has. For the course: `pressure MODE NUMBER` on a machine of 8 MiB
 * with a swap disk.
 */
#include "numbers.h"

enum { COLD_PAGES = 2600, HOT_PAGES = 40, PASSING_PAGES = 6000, PASSED_BEFORE = 2500 };
enum { BLOCK_PAGES = 64, MET_PAGES = 40 * BLOCK_PAGES };
enum { WORDS = PAGE_SIZE / sizeof(unsigned) };

static volatile unsigned hot[HOT_PAGES][WORDS] __attribute__((aligned(PAGE_SIZE)));

static volatile unsigned (*map_pages(unsigned n))[WORDS]
{
    return mmap(0, n * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static unsigned sum(const volatile unsigned (*pages)[WORDS], unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum = sum * 31 + pages[i][i % WORDS];
    return sum;
}

/* Every page comes back with what was written. */
static void values(unsigned seed)
{
    volatile unsigned(*cold)[WORDS] = map_pages(COLD_PAGES);
    for (unsigned i = 0; i < COLD_PAGES; i++)
        cold[i][i % WORDS] = next_number(&seed);
    printf("pressure: sum %08x\n", sum(cold, COLD_PAGES));
    printf("pressure: again %08x\n", sum(cold, COLD_PAGES));
}

/* What a child and its parent find in the same pages; the child writes to one. */
static void fork_and_sum(volatile unsigned (*pages)[WORDS], unsigned n)
{
    int pid = fork(), code = 0;
    if (pid == 0) {
        pages[5][5] = 1;
        printf("pressure: child has %08x\n", sum(pages, n));
        exit((int)(sum(pages, n) & 0xffffff));
    }
    (void)waitpid(pid, &code);
    printf("pressure: the child's code is %06x\n", (unsigned)code);
    printf("pressure: parent has %08x\n", sum(pages, n));
}

/* The same in a child, which shares the pages, on the disk too. */
static void forked(unsigned seed)
{
    volatile unsigned(*cold)[WORDS] = map_pages(COLD_PAGES);
    for (unsigned i = 0; i < COLD_PAGES; i++)
        cold[i][i % WORDS] = next_number(&seed);
    fork_and_sum(cold, COLD_PAGES);
}

/* The pages of each block are first accessed from the last to the first, and evicted in that order. A fork
 * that copies them from the first to the last meets the eviction: the page that it copies is the next to be
 * evicted. */
static void met(unsigned seed)
{
    volatile unsigned(*pages)[WORDS] = map_pages(MET_PAGES);
    for (unsigned block = 0; block < MET_PAGES; block += BLOCK_PAGES)
        for (unsigned i = block + BLOCK_PAGES; i-- > block;)
            pages[i][i % WORDS] = next_number(&seed);
    fork_and_sum(pages, MET_PAGES);
}

/* A few pages are accessed all the time while many others go by once; memory is full before the few are
 * accessed first. Says where the few are. */
static void hot_pages(unsigned seed)
{
    volatile unsigned(*cold)[WORDS] = map_pages(PASSING_PAGES);
    unsigned total = 0;
    printf("pressure: hot pages at %08x\n", (unsigned)(uintptr_t)hot);
    for (unsigned i = 0; i < PASSED_BEFORE; i++)
        cold[i][0] = i;
    for (unsigned i = 0; i < HOT_PAGES; i++)
        hot[i][i] = next_number(&seed);
    for (unsigned i = PASSED_BEFORE; i < PASSING_PAGES; i++) {
        cold[i][0] = i;
        total += hot[i % HOT_PAGES][i % HOT_PAGES];
    }
    printf("pressure: the few come to %08x\n", total);
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {
        {"values", values}, {"forked", forked}, {"met", met}, {"hot", hot_pages}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
