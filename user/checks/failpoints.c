/* SPDX-License-Identifier: MIT */
/*
 * failpoints - reaches every kind of allocation, copy and disk transfer that the kernel makes for a program.
 * `tools/inject --all` makes them fail, one after the other.
 */
#include "check.h"

static char thread_stack[PAGE_SIZE] __attribute__((aligned(16)));
static volatile char written[2 * PAGE_SIZE];

/* Pages 0 to 2 private, 3 and 4 shared with children. */
static volatile char *pages;
static volatile char *page(int number)
{
    return pages + number * (int)PAGE_SIZE;
}

static void use_fpu(void)
{
    __asm__ volatile("fld1; fstp %st(0)");
}

static void map_and_cut(void)
{
    pages = mmap(0x40000000, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
    assert(mmap_error(pages) == 0);
    assert(mmap((uintptr_t)page(3), 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED) == page(3));
    *page(0) = *page(1) = *page(2) = *page(3) = 'p';
    assert(munmap(page(1), PAGE_SIZE) == 0);
}

static void grow_and_shrink(void)
{
    volatile char *heap = sbrk(2 * PAGE_SIZE);
    assert(heap != NULL);
    heap[0] = heap[PAGE_SIZE] = 'h';
    assert(brk((uintptr_t)heap + PAGE_SIZE) == (uintptr_t)heap + PAGE_SIZE);
}

static int thread(void *arg)
{
    (void)arg;
    *page(2) = 't';
    return 't';
}

static int child(void *arg)
{
    (void)arg;
    *page(0) = *page(4) = written[0] = 'c'; /* a copy, a new page of both, a copy */
    return 'c';
}

static int become_nop(void *arg)
{
    const char *const argv[] = {arg, "of", "failpoints"};
    return exec(arg, ARRAY_SIZE(argv), argv);
}

static void ask(void)
{
    struct proc_info info;
    struct mem_info memory;
    struct page_counts counts;
    struct ledger_info account;
    assert(sys_procs(&info, 1, getpid()) > 0 && sys_meminfo(&memory) == 0);
    assert(sys_pages(getpid(), &counts) == 0 && sys_ledger(&account, 1, 0) > 0);
    printf("failpoints: a line in");
    printf(" two parts\n");
}

/* Swap out everything possible, and swap it in by a store, by a load, and in a child. Returns false if there
 * is no swap disk or a value is wrong. */
static bool go_and_come(void)
{
    int out = sys_pageout((uintptr_t)page(0), 5 * PAGE_SIZE) + sys_pageout((uintptr_t)written, PAGE_SIZE) +
              sys_pageout(USER_TEXT, PAGE_SIZE);
    *page(0) = 's';
    if (out <= 0)
        return false;
    assert(*page(2) == 't' && *page(3) == 'p');
    assert(sys_pageout((uintptr_t)page(0), 5 * PAGE_SIZE) > 0);
    assert(child_code(child, NULL) == 'c');
    return *page(0) == 's' && *page(4) == 'c';
}

int main(void)
{
    use_fpu();
    written[0] = written[PAGE_SIZE] = 'w';
    map_and_cut();
    grow_and_shrink();
    assert(child_code(child, NULL) == 'c');
    assert(*page(0) == 'p' && *page(4) == 'c' && written[0] == 'w');
    assert(code_of(thread_start(thread, NULL, thread_stack + sizeof(thread_stack))) == 't');
    assert(child_code(become_nop, "nop") == 0);
    assert(child_code(become_nop, "nosuch") == -E_NOENT);
    ask();
    printf("failpoints: %s\n",
           go_and_come() ? "went to the disk and came back" : "there is no disk to go to");
    return pass();
}
