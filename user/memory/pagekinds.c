/* SPDX-License-Identifier: MIT */
/*
 * pagekinds - a process with private, shared, MAP_SHARED and swapped pages checks what pages() reports about
 * them. `pagekinds wait` then keeps them, so that a test can read the guest's memory.
 */
#include "check.h"

enum { OWN = 3, COMMON = 5, ON_PURPOSE = 2, ADDRESS = 0x40000000 };

/* Fixed addresses. Between two of these mappings at least one page stays untouched. */
static volatile char *const own = (char *)ADDRESS;
static volatile char *const common = (char *)ADDRESS + 8 * PAGE_SIZE;
static volatile char *const on_purpose = (char *)ADDRESS + 16 * PAGE_SIZE;
static volatile char *const swapped = (char *)ADDRESS + 24 * PAGE_SIZE;

static void map(volatile char *at, size_t n, unsigned share)
{
    void *place =
        mmap((uintptr_t)at, n * PAGE_SIZE, PROT_READ | PROT_WRITE, share | MAP_FIXED | MAP_ANONYMOUS);
    assert(place == (void *)at);
}

static void touch(volatile char *pages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pages[i * PAGE_SIZE] = 'k';
}

static struct page_counts counts_of(int pid)
{
    struct page_counts counts;
    assert(sys_pages(pid, &counts) == 0);
    return counts;
}

/* Start a child that writes to the pages `own` and to no others. */
static int start_child(void)
{
    int pid = fork();
    if (pid == 0) {
        touch(own, OWN);
        sleep(0x7fffffff);
    }
    assert(pid > 0);
    await_state(pid, SLEEPING);
    return pid;
}

static void check_errors(void)
{
    struct page_counts counts;
    CHECK(sys_pages(30000, &counts), -E_BAD_PROC, "pages of a process that there is not");
    CHECK(sys_pages(-1, &counts), -E_BAD_PROC, "pages of process -1");
    CHECK(sys_pages(getpid(), (void *)0xC0100000), -E_INVAL, "pages to a bad address");
    CHECK(sys_pages(1, &counts), 0, "pages of init");
    CHECK((int)(counts.private + counts.shared + counts.swapped + counts.cache), 0, "init's pages");
}

int main(int argc, char *argv[])
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    if (argc == 1)
        check_errors();
    map(own, OWN, MAP_PRIVATE);
    map(common, COMMON, MAP_PRIVATE);
    map(on_purpose, ON_PURPOSE, MAP_SHARED);
    map(swapped, 1, MAP_PRIVATE);
    struct page_counts before = counts_of(getpid());
    touch(own, OWN);
    touch(common, COMMON);
    touch(on_purpose, ON_PURPOSE);
    touch(swapped, 1);
    struct page_counts after = counts_of(getpid());
    CHECK((int)(after.private - before.private), OWN + COMMON + 1, "private pages that came");
    CHECK((int)(after.shared - before.shared), ON_PURPOSE, "shared pages that came");
    int child = start_child();
    touch(own, OWN); /* the child has its own copies */
    if (info.swap_total != 0)
        CHECK(sys_pageout((uintptr_t)swapped, PAGE_SIZE), 1, "pages that went to the disk");
    after = counts_of(getpid());
    CHECK((int)after.swapped, info.swap_total != 0, "on the disk, after a page went"); /* 0 without swap */
    printf("pagekinds: of %u pages private %u shared %u swapped %u cache %u\n", proc_of(getpid()).pages,
           after.private, after.shared, after.swapped, after.cache);
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        for (;;)
            yield();
    assert(kill(child) == 0 && code_of(child) == -E_KILLED);
    after = counts_of(getpid());
    CHECK((int)(after.shared - before.shared), ON_PURPOSE, "shared pages when the child is gone");
    return pass();
}
