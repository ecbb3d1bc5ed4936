/* SPDX-License-Identifier: MIT */
/*
 * swaporder - a page is swapped out and in before, between and after fork, writes and the end of its sharers,
 * and every process reads its own value.
 */
#include "check.h"

enum { OLD = 0x011d, NEW = 0x0e7, SHARERS = 8 };

static struct mem_info memory(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info;
}

/* Map one page that holds OLD. */
static volatile int *new_page(unsigned share)
{
    volatile int *page = map_pages(PAGE_SIZE, share);
    *page = OLD;
    return page;
}

static int out(volatile int *page)
{
    return sys_pageout((uintptr_t)page, PAGE_SIZE);
}

/* In a child: read, write, read. */
static int read_write_read(void *arg)
{
    volatile int *page = arg;
    if (*page != OLD)
        return 1;
    *page = NEW;
    return *page == NEW ? 0 : 2;
}

static void evict_then_fork(void)
{
    volatile int *page = new_page(MAP_PRIVATE);
    CHECK(out(page), 1, "out, then fork: pages that went");
    CHECK(child_code(read_write_read, (void *)page), 0, "the child reads and writes");
    CHECK(*page, OLD, "the parent's page");
}

static int fork_then_evict_child(void *arg)
{
    return out(arg) == 1 ? read_write_read(arg) : 3;
}

static void fork_then_evict(void)
{
    volatile int *page = new_page(MAP_PRIVATE);
    CHECK(child_code(fork_then_evict_child, (void *)page), 0, "fork, then out: the child reads and writes");
    CHECK(*page, OLD, "the parent's page");
}

/* The page is swapped out for parent and child. The child writes, swaps its copy out and reads it; then its
 * child does the same. */
static int write_and_evict(void *arg)
{
    volatile int *page = arg;
    *page = NEW;
    if (out(page) != 1)
        return 4;
    if (fork() == 0)
        exit(*page == NEW ? 0 : 5);
    int code;
    assert(waitpid(0, &code) == 0);
    return code != 0 ? code : *page == NEW ? 0 : 6;
}

static void one_sharer_writes(void)
{
    volatile int *page = new_page(MAP_PRIVATE);
    out(page);
    CHECK(child_code(write_and_evict, (void *)page), 0, "one writes while it is out for the other");
    CHECK(*page, OLD, "the parent's page");
}

/* Children read the same swapped-out page. */
static void come_in_once(void)
{
    volatile int *page = new_page(MAP_PRIVATE);
    int code, right = 0;
    out(page);
    unsigned before = memory().swap_in;
    for (int i = 0; i < SHARERS; i++) {
        if (fork() == 0) {
            sleep(1);
            int value = *page;
            sleep(2); /* until all have read it */
            exit(value == OLD ? 0 : 1);
        }
    }
    while (waitpid(0, &code) == 0)
        right += code == 0;
    CHECK(right, SHARERS, "children that read it");
    printf("swaporder: transfers for %d readers: %u\n", SHARERS, memory().swap_in - before);
}

static int thread_reads(void *arg)
{
    return *(volatile int *)arg == OLD ? 0 : 1;
}

static void threads_share(void)
{
    static char stacks[2][PAGE_SIZE] __attribute__((aligned(16)));
    volatile int *page = new_page(MAP_PRIVATE);
    out(page);
    unsigned before = memory().swap_in;
    int first = thread_start(thread_reads, (void *)page, stacks[0] + PAGE_SIZE);
    int second = thread_start(thread_reads, (void *)page, stacks[1] + PAGE_SIZE);
    CHECK(code_of(first) + code_of(second), 0, "two threads read it");
    CHECK((int)(memory().swap_in - before), 1, "transfers for two threads");
}

static int write_shared(void *arg)
{
    volatile int *page = arg;
    if (*page != OLD)
        return 1;
    *page = NEW;
    return out(page) == 1 ? 0 : 2;
}

static void shared_memory(void)
{
    volatile int *page = new_page(MAP_SHARED);
    CHECK(out(page), 1, "shared memory: pages that went");
    CHECK(child_code(write_shared, (void *)page), 0, "the child writes and puts it out");
    CHECK(*page, NEW, "the parent sees it");
}

/* Pages of program text are dropped and read again from the boot archive. */
static void program_text(void)
{
    unsigned written = memory().swap_out;
    uintptr_t text = (uintptr_t)program_text & ~(uintptr_t)(PAGE_SIZE - 1);
    CHECK(sys_pageout(text, PAGE_SIZE), 1, "the page that runs this");
    CHECK((int)(memory().swap_out - written), 0, "transfers for it");
}

/* The kernel writes to swapped-out pages. */
static void kernel_writes(void)
{
    volatile int *page = new_page(MAP_PRIVATE);
    int pid = fork();
    if (pid == 0)
        exit(NEW);
    out(page);
    CHECK(waitpid(pid, (int *)page), 0, "wait into a page that is out");
    CHECK(*page, NEW, "the code there");
}

/* munmap and exit free swap slots; the pages read as zero afterwards. */
static void slots_come_back(void)
{
    unsigned before = memory().swap_free;
    volatile int *page = new_page(MAP_PRIVATE);
    out(page);
    CHECK((int)(before - memory().swap_free), 1, "slots in use");
    assert(munmap(page, PAGE_SIZE) == 0);
    CHECK((int)(before - memory().swap_free), 0, "slots in use after munmap");
    volatile int *again =
        mmap((uintptr_t)page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK(again == page && *again == 0, 1, "zeros after it");
}

int main(void)
{
    if (memory().swap_total == 0) {
        volatile int *page = new_page(MAP_PRIVATE);
        CHECK(out(page), -E_NO_DEV, "pageout without a disk");
        return pass();
    }
    evict_then_fork();
    fork_then_evict();
    one_sharer_writes();
    come_in_once();
    threads_share();
    shared_memory();
    program_text();
    kernel_writes();
    slots_come_back();
    return pass();
}
