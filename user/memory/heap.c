/* SPDX-License-Identifier: MIT */
/*
 * heap - brk in edge cases: by single bytes, across pages, into other mappings, out of user space, and
 * down again. Freed heap is unmapped, and zero when it is allocated again (D71).
 */
#include "check.h"

enum { MIB = 1 << 20 };

static uintptr_t start;

static int load(void *addr)
{
    return *(volatile char *)addr & 0;
}

/* brk(addr) must succeed. */
static void check_moves(uintptr_t addr, const char *what)
{
    CHECK(brk(addr) == addr, true, "brk moves %s", what);
}

/* brk(addr) must change nothing. */
static void check_stays(uintptr_t addr, const char *what)
{
    uintptr_t before = brk(0);
    CHECK(brk(addr) == before, true, "brk stays for %s", what);
    CHECK(brk(0) == before, true, "brk after %s", what);
}

static int sum(const volatile char *from, size_t bytes)
{
    int total = 0;
    for (size_t i = 0; i < bytes; i++)
        total += from[i];
    return total;
}

static void check_refusals(void)
{
    check_stays(1, "address 1");
    check_stays(USERBASE, "the bottom of user space");
    check_stays(USER_TEXT, "the program's text");
    check_stays(start - 1, "below the start");
    check_stays(USERTOP - PAGE_SIZE, "the stack");
    check_stays(USERTOP, "the top of user space");
    check_stays(0xC0100000, "the kernel");
    check_stays(0xFFFFFFFF, "the last address");
}

static void check_sizes(void)
{
    check_moves(start + 1, "by one byte");
    *(volatile char *)start = 'a';
    check_moves(start + PAGE_SIZE, "to a page");
    check_moves(start + PAGE_SIZE + 1, "over a page's end");
    ((volatile char *)start)[PAGE_SIZE] = 'b';
    check_moves(start + 4 * MIB, "by 4 MiB");
    CHECK(sum((char *)start, 4 * MIB), 'a' + 'b', "sum of the heap");
    memset((void *)start, 1, 4 * MIB);
    CHECK(sum((char *)start, 4 * MIB), 4 * MIB, "sum of the filled heap");
}

static void check_shrinking(void)
{
    uintptr_t page = ALIGN_UP(start, PAGE_SIZE) + PAGE_SIZE;
    check_moves(page, "down to a page");
    CHECK(child_code(load, (void *)(page - 1)), 0, "load below the break");
    CHECK(child_code(load, (void *)page), -E_KILLED, "load at the break");
    check_moves(page + MIB, "up again");
    CHECK(sum((char *)page, MIB), 0, "sum of what came back");
    check_moves(start, "down to the start");
    CHECK(child_code(load, (void *)page), -E_KILLED, "load from the heap given back");
}

static void check_obstacle(void)
{
    uintptr_t page = ALIGN_UP(start, PAGE_SIZE) + 16 * PAGE_SIZE;
    volatile char *wall =
        mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
    CHECK(wall == (char *)page, true, "a mapping above the heap");
    *wall = 'w';
    check_stays(page + 1, "one byte into the mapping");
    check_stays(page + 4 * PAGE_SIZE, "beyond the mapping");
    CHECK(*wall, 'w', "the mapping");
    assert(munmap(wall, PAGE_SIZE) == 0);
    check_moves(page + 4 * PAGE_SIZE, "where the mapping was");
    CHECK(*wall, 0, "the heap where the mapping was");
    check_moves(start, "down to the start");
}

static int child_heap(void *arg)
{
    (void)arg;
    *(volatile char *)start = 'c';
    return brk(start + 8 * PAGE_SIZE) == start + 8 * PAGE_SIZE ? 0 : 1;
}

static void check_fork(void)
{
    check_moves(start + PAGE_SIZE, "before a fork");
    *(volatile char *)start = 'p';
    CHECK(child_code(child_heap, NULL), 0, "exit code of the child that grew its heap");
    CHECK(*(volatile char *)start, 'p', "the parent's heap");
    CHECK(brk(0) == start + PAGE_SIZE, true, "the parent's break");
}

int main(void)
{
    start = brk(0);
    check_refusals();
    check_sizes();
    check_shrinking();
    check_obstacle();
    check_fork();
    return pass();
}
