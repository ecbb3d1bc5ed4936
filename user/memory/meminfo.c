/* SPDX-License-Identifier: MIT */
/*
 * meminfo - prints what meminfo() and ledger() report at several moments of a process's life.
 * test/serial/memory/test_meminfo.py compares that with the guest's memory, read from outside.
 */
#include "check.h"

enum { PAGES = 24, ACCOUNTS = 48 };

static struct mem_info info;
static struct ledger_info accounts[ACCOUNTS];

/* Print what the kernel reports now. Both calls come before the first printf(), which may use memory. */
static void moment(const char *name)
{
    assert(sys_meminfo(&info) == 0);
    int n = sys_ledger(accounts, ACCOUNTS, 0);
    assert(n > 0 && n <= ACCOUNTS);
    printf("meminfo: %s: total=%u free=%u user=%u shared=%u cache=%u pgtables=%u kstacks=%u heap=%u "
           "processes=%u "
           "slots=%u\n",
           name, info.total, info.free, info.user, info.shared, info.cache, info.pgtables, info.kstacks,
           info.heap, info.processes, info.swap_total - info.swap_free);
    for (int i = 0; i < n; i++)
        printf("meminfo: account %s: held=%u base=%u\n", accounts[i].name, accounts[i].held,
               accounts[i].base);
}

static void touch(volatile char *pages, size_t n, char value)
{
    for (size_t i = 0; i < n; i++)
        pages[i * PAGE_SIZE] = value;
}

/* Start a child that shares all pages of its parent, writes to some, and sleeps until it is killed. */
static int start_child(volatile char *private, volatile char *shared)
{
    int pid = fork();
    if (pid == 0) {
        touch(private, PAGES / 3, 'c');
        touch(shared, 1, 'c');
        sleep(100000);
    }
    assert(pid > 0);
    await_state(pid, SLEEPING);
    return pid;
}

int main(void)
{
    memset(&info, 1, sizeof(info)); /* make the pages present before the first call */
    memset(accounts, 1, sizeof(accounts));
    moment("start");
    volatile char *private = map_pages(PAGES * PAGE_SIZE, MAP_PRIVATE);
    volatile char *shared = map_pages(4 * PAGE_SIZE, MAP_SHARED);
    touch(private, PAGES, 'p');
    touch(shared, 3, 's');
    moment("touched");
    int first = start_child(private, shared), second = start_child(private, shared);
    moment("two children");
    if (info.swap_total != 0) {
        assert(sys_pageout((uintptr_t) private, PAGES / 2 * PAGE_SIZE) > 0);
        assert(sys_pageout((uintptr_t)shared, PAGE_SIZE) == 1);
        moment("on the disk");
        touch(private, PAGES / 4, 'q');
        assert(private[PAGES / 4 * PAGE_SIZE] == 'p');
        moment("some came back");
    }
    assert(kill(first) == 0);
    await_state(first, ZOMBIE);
    moment("a zombie");
    code_of(first);
    assert(munmap(private, PAGES / 2 * PAGE_SIZE) == 0);
    moment("unmapped");
    assert(kill(second) == 0 && code_of(second) == -E_KILLED);
    moment("alone");
    return pass();
}
