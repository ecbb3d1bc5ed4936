/* SPDX-License-Identifier: MIT */
/*
 * forkmem - what parents and children see of each other's memory. For the course: `forkmem MODE NUMBER`
 * prints sums that depend on the number.
 */
#include "numbers.h"

enum { PAGES = 12, WORDS = PAGE_SIZE / sizeof(unsigned) };

static volatile unsigned pages[PAGES][WORDS] __attribute__((aligned(PAGE_SIZE)));
static volatile int code_cell[WORDS] __attribute__((aligned(PAGE_SIZE)));

static void fill(unsigned page, unsigned seed)
{
    for (unsigned i = 0; i < WORDS; i++)
        pages[page][i] = next_number(&seed);
}

static void fill_all(unsigned seed)
{
    for (unsigned page = 0; page < PAGES; page++)
        fill(page, seed + page);
}

static unsigned sum(void)
{
    unsigned sum = 0;
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned i = 0; i < WORDS; i++)
            sum = sum * 31 + pages[page][i];
    return sum;
}

/* As fork(); ends the program if there is no child. */
static int forked(void)
{
    int pid = fork();
    if (pid < 0) {
        printf("forkmem: fork fails: %d\n", pid);
        exit(1);
    }
    return pid;
}

static int code_of(int pid)
{
    int code = -1;
    int error = waitpid(pid, &code);
    if (error != 0)
        printf("forkmem: wait fails: %d\n", error);
    return code;
}

/* The child only reads. Says where the pages are, because the judge looks for copies of them. */
static void read_only(unsigned seed)
{
    printf("forkmem: pages at %08x\n", (unsigned)(uintptr_t)pages);
    fill_all(seed);
    int pid = forked();
    if (pid == 0) {
        printf("forkmem: child reads %08x\n", sum());
        exit((int)(sum() & 0xffffff));
    }
    printf("forkmem: the child's code is %06x\n", (unsigned)code_of(pid));
    printf("forkmem: parent reads %08x\n", sum());
}

/* Both write, on the stack too. */
static void both_write(unsigned seed)
{
    volatile unsigned on_stack = seed;
    fill_all(seed);
    int pid = forked();
    if (pid == 0) {
        fill_all(seed + 1000);
        on_stack += 1;
        printf("forkmem: child has %08x %08x\n", sum(), on_stack);
        exit((int)(sum() & 0xffffff));
    }
    printf("forkmem: parent has %08x %08x\n", sum(), on_stack);
    fill_all(seed + 2000);
    on_stack += 2;
    yield();
    printf("forkmem: the child's code is %06x\n", (unsigned)code_of(pid));
    printf("forkmem: parent ends with %08x %08x\n", sum(), on_stack);
}

/* Generation `number` writes its page, and forks the next until `last`. */
static void live(unsigned number, unsigned last, unsigned seed)
{
    fill(number % PAGES, seed + 100 * number);
    unsigned before = sum();
    if (number < last) {
        int pid = forked();
        if (pid == 0)
            live(number + 1, last, seed);
        (void)code_of(pid);
    }
    printf("forkmem: generation %u has %08x then %08x\n", number, before, sum());
    exit(0);
}

static void generations(unsigned seed)
{
    fill_all(seed);
    int pid = forked();
    if (pid == 0)
        live(1, 4 + seed % 4, seed);
    (void)code_of(pid);
    printf("forkmem: the first has %08x\n", sum());
}

/* Each child writes the pages whose number is its own modulo the number of children. */
static void siblings(unsigned seed)
{
    unsigned n = 3 + seed % 3;
    int pids[8];
    fill_all(seed);
    for (unsigned child = 0; child < n; child++) {
        pids[child] = forked();
        if (pids[child] != 0)
            continue;
        for (unsigned page = child; page < PAGES; page += n)
            fill(page, seed + 7 * child);
        yield();
        printf("forkmem: sibling %u has %08x\n", child, sum());
        exit((int)(sum() & 0xffffff));
    }
    for (unsigned child = 0; child < n; child++)
        printf("forkmem: sibling %u's code is %06x\n", child, (unsigned)code_of(pids[child]));
    printf("forkmem: parent has %08x\n", sum());
}

/* A child waits for its own child, and the kernel stores the code in a page that the parent has too. */
static void kernel_writes(unsigned seed)
{
    int number = (int)next_number(&seed);
    code_cell[5] = number;
    int pid = forked();
    if (pid == 0) {
        int inner = forked();
        if (inner == 0)
            exit((int)next_number(&seed));
        int error = waitpid(inner, (int *)&code_cell[5]);
        printf("forkmem: child gets %d and %04x\n", error, (unsigned)code_cell[5]);
        exit(code_cell[5] + 1);
    }
    printf("forkmem: the child's code is %05x\n", (unsigned)code_of(pid));
    printf("forkmem: parent still has %04x\n", (unsigned)code_cell[5]);
}

/* The parent writes again when its child has ended. */
static void alone(unsigned seed)
{
    printf("forkmem: pages at %08x\n", (unsigned)(uintptr_t)pages);
    fill_all(seed);
    int pid = forked();
    if (pid == 0)
        exit((int)(sum() & 0xffffff));
    printf("forkmem: the child's code is %06x\n", (unsigned)code_of(pid));
    fill_all(seed + 1);
    printf("forkmem: parent has %08x\n", sum());
}

/* Shared memory stays shared, also the page that the parent had not touched. */
static void shared(unsigned seed)
{
    volatile unsigned(*memory)[WORDS] =
        mmap(0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
    memory[0][7] = next_number(&seed);
    int pid = forked();
    if (pid == 0) {
        memory[1][7] = memory[0][7] + 1;
        memory[0][7] = next_number(&seed);
        exit(0);
    }
    printf("forkmem: shared, the child's code is %d\n", code_of(pid));
    unsigned first = memory[0][7], second = memory[1][7];
    printf("forkmem: shared, the child wrote %04x and %05x\n", first, second);
}

/* A parent with much memory forks: the judge measures the fork. */
static void big(unsigned seed)
{
    enum { BIG_PAGES = 4096 };
    volatile unsigned(*memory)[WORDS] =
        mmap(0, BIG_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    unsigned total = 0;
    for (unsigned i = 0; i < BIG_PAGES; i++)
        memory[i][i % WORDS] = next_number(&seed);
    int pid = forked();
    for (unsigned i = 0; i < BIG_PAGES; i++)
        total = total * 31 + memory[i][i % WORDS];
    if (pid == 0) {
        printf("forkmem: child reads %08x\n", total);
        exit((int)(total & 0xffffff));
    }
    printf("forkmem: the child's code is %06x\n", (unsigned)code_of(pid));
    printf("forkmem: parent reads %08x\n", total);
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {
        {"read", read_only},    {"write", both_write},     {"generations", generations},
        {"siblings", siblings}, {"kernel", kernel_writes}, {"alone", alone},
        {"big", big},           {"shared", shared},
    };
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
