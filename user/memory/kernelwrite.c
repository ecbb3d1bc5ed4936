/* SPDX-License-Identifier: MIT */
/*
 * kernelwrite - writes by the kernel to user memory act like the process's own stores: they break
 * copy-on-write, are seen by all sharers of a MAP_SHARED page, fill pages that are not present yet, and
 * never change a read-only page (D35, D79).
 */
#include "check.h"

enum { BEFORE = 1111, CODE = 42 };

/* Let the kernel write CODE to `cell`, by wait(). Returns wait's result. */
static int kernel_write(int *cell)
{
    int pid = fork();
    if (pid == 0)
        exit(CODE);
    assert(pid > 0);
    int result = waitpid(pid, cell);
    if (result != 0)
        assert(code_of(pid) == CODE); /* after a bad pointer the child can still be waited for */
    return result;
}

/* In a child: let the kernel write to the page and check the result. Returns 0 if it is right. */
static int child_writes(void *arg)
{
    int *cell = arg;
    if (*cell != BEFORE)
        return 1;
    if (kernel_write(cell) != 0)
        return 2;
    return *cell == CODE ? 0 : 3;
}

/* The kernel writes for the parent while a child shares the page. */
static void check_parent_writes(int *cell, volatile int *go)
{
    *cell = BEFORE;
    int pid = fork();
    if (pid == 0) {
        while (!*go)
            yield();
        exit(*(volatile int *)cell);
    }
    assert(pid > 0);
    CHECK(kernel_write(cell), 0, "wait into the parent's page");
    *go = 1;
    CHECK(*cell, CODE, "the parent's page after the kernel's write for the parent");
    CHECK(code_of(pid), BEFORE, "the child's page after it");
}

/* Let meminfo() write a structure that spans two copy-on-write pages. */
static int structure_writes(void *arg)
{
    struct mem_info *info = arg;
    if (sys_meminfo(info) != 0 || info->total == 0)
        return 1;
    return info->processes > 0 ? 0 : 2;
}

static void check_structure(void)
{
    char *pages = map_pages(2 * PAGE_SIZE, MAP_PRIVATE);
    memset(pages, 0, 2 * PAGE_SIZE);
    struct mem_info *info = (struct mem_info *)(pages + PAGE_SIZE - sizeof(*info) / 2);
    CHECK(child_code(structure_writes, info), 0, "exit code after meminfo across pages");
    CHECK((int)info->total, 0, "first half in the parent");
    CHECK((int)info->processes, 0, "second half in the parent");
}

static void check_read_only(void)
{
    int *cell = mmap(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    assert(mmap_error(cell) == 0);
    CHECK(kernel_write(cell), -E_INVAL, "wait into a page to read that is not there");
    CHECK(*(volatile int *)cell, 0, "that page");
    CHECK(kernel_write(cell), -E_INVAL, "wait into a page to read that is there");
    CHECK(*(volatile int *)cell, 0, "that page once more");
    CHECK(kernel_write((int *)USER_TEXT), -E_INVAL, "wait into the program's text");
}

int main(void)
{
    int *cell = map_pages(PAGE_SIZE, MAP_PRIVATE);
    int *shared = map_pages(PAGE_SIZE, MAP_SHARED);

    CHECK(kernel_write(cell), 0, "wait into a page that is not there");
    CHECK(*cell, CODE, "that page");

    *cell = BEFORE;
    CHECK(child_code(child_writes, cell), 0, "exit code of the child written for");
    CHECK(*cell, BEFORE, "the parent's page after the kernel's write for the child");
    check_parent_writes(cell, shared + 1);

    *shared = BEFORE;
    CHECK(child_code(child_writes, shared), 0, "exit code of the child with the shared page");
    CHECK(*shared, CODE, "the MAP_SHARED page after the kernel's write for the child");

    check_structure();
    check_read_only();
    return pass();
}
