/* SPDX-License-Identifier: MIT */
/*
 * oom - exhausted memory: a process that touches more pages than there are is killed, a fork without
 * memory fails and leaves the parent's memory unchanged, and all memory is freed afterwards (D06, D10,
 * D73). With a swap disk the same happens when it is full.
 */
#include "check.h"

enum { STEP_BYTES = 1 << 20, STEP_PAGES = STEP_BYTES / PAGE_SIZE, SPARE_PAGES = 128, REGION_PAGES = 8 };

static struct mem_info memory(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info;
}

/* Returns the number of free pages in memory and free slots on the swap disk. */
static size_t room(void)
{
    struct mem_info info = memory();
    return info.free + info.swap_free;
}

/* Allocate memory until the kernel kills this process. */
static int take_all(void *arg)
{
    (void)arg;
    for (;;) {
        volatile char *step = map_pages(STEP_BYTES, MAP_PRIVATE);
        for (size_t i = 0; i < STEP_PAGES; i++)
            step[i * PAGE_SIZE] = 1;
    }
}

/* The value that page `i` of the large mapping holds. */
static unsigned word_of(size_t i)
{
    return (unsigned)i * 2654435761u;
}

static int damaged(const volatile unsigned *pages, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += pages[i * PAGE_SIZE / sizeof(*pages)] != word_of(i);
    return wrong;
}

/* Touch one more page after each successful fork. All calls are inlined: a write to memory between a fork
 * and the child's end may need a frame that is not there. */
__attribute__((noinline)) static int touch_until_fork_fails(volatile unsigned *pages, size_t *touched)
{
    size_t i = *touched;
    for (;;) {
        int pid = sys_fork();
        if (pid == 0)
            for (;;)
                sys_exit(0);
        if (pid < 0) {
            *touched = i;
            return pid;
        }
        sys_wait(pid, NULL);
        pages[i * PAGE_SIZE / sizeof(*pages)] = word_of(i);
        i++;
    }
}

/* Runs in a child, so that its exit frees the memory. */
static int fork_at_the_end(void *arg)
{
    (void)arg;
    size_t all = room();
    volatile unsigned *pages = map_pages(all * PAGE_SIZE, MAP_PRIVATE);
    size_t touched = 0;
    for (; room() > SPARE_PAGES; touched++)
        pages[touched * PAGE_SIZE / sizeof(*pages)] = word_of(touched);

    CHECK(touch_until_fork_fails(pages, &touched), -E_NO_MEM, "fork without memory");
    for (int i = 0; i < REGION_PAGES; i++, touched++) /* use up what the kernel's caches may have freed */
        pages[touched * PAGE_SIZE / sizeof(*pages)] = word_of(touched);
    CHECK(damaged(pages, touched), 0, "damaged pages of the parent");
    CHECK(sys_fork(), -E_NO_MEM, "fork once more");
    CHECK(damaged(pages, touched), 0, "damaged pages after it");
    for (size_t i = 0; i < touched; i++)
        pages[i * PAGE_SIZE / sizeof(*pages)]++;
    for (size_t i = 0; i < touched; i++)
        pages[i * PAGE_SIZE / sizeof(*pages)]--;
    CHECK(damaged(pages, touched), 0, "damaged pages after writing to each");

    CHECK(munmap(pages, all * PAGE_SIZE), 0, "munmap of all");
    return 0;
}

/* When only a few pages are free, use them up with new vmas. Then every call that needs memory fails, and
 * writing to new pages kills: the first may take the frames of pages of programs. All calls are inlined:
 * there may be no frame for another stack page. */
static int every_call_at_the_end(void *arg)
{
    static const char *const argv[] = {"nop"};
    volatile char *pages = map_pages((room() + SPARE_PAGES) * PAGE_SIZE, MAP_PRIVATE);
    uintptr_t brk_before = brk(0);
    size_t at = 0;
    for (; room() > REGION_PAGES; at++)
        pages[at * PAGE_SIZE] = 1;
    int error = 0;
    for (unsigned prot = PROT_READ; error == 0; prot ^= PROT_WRITE) /* adjacent vmas that are not merged */
        error = mmap_error((void *)sys_mmap(0, PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS));
    bool same_brk = (uintptr_t)sys_brk(brk_before + PAGE_SIZE) == brk_before;
    int forked = sys_fork(), executed = sys_exec(argv[0], 1, (void *)argv);
    if (same_brk && error == -E_NO_MEM && forked == -E_NO_MEM && executed == -E_NO_MEM)
        for (size_t end = at + SPARE_PAGES; at < end; at++)
            pages[at * PAGE_SIZE] = 1;
    sys_exit((int)(intptr_t)arg);
    return 0;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

int main(void)
{
    CHECK(child_code(nothing, NULL), 0, "exit code of a child before");
    unsigned user = memory().user;
    CHECK(child_code(take_all, NULL), -E_KILLED, "exit code of the one that takes all");
    CHECK(child_code(fork_at_the_end, NULL), 0, "exit code of the one that forks at the end");
    CHECK(child_code(take_all, NULL), -E_KILLED, "exit code of another that takes all");
    CHECK(child_code(every_call_at_the_end, NULL), -E_KILLED, "exit code of the one whose calls all fail");
    CHECK(child_code(nothing, NULL), 0, "exit code of a child afterwards");
    CHECK(memory().user - user, 0, "user pages that did not come back");
    return pass();
}
