/* SPDX-License-Identifier: MIT */
/*
 * linuxprotect - mprotect(): what may be read and written afterwards, by the program and by the kernel on its
 * behalf, and that no byte changes, shared or not. Linux runs it with the same result.
 *
 * With a digit it first fills ten times so many MiB, more than the machine has, so that pages are on the
 * disk; with "few" it leaves out what needs many pages.
 */
#include "linux.h"

#include "lib/string.h"

#define PAGE 4096u
#define READ 1u
#define SHARED 0x21u /* MAP_SHARED | MAP_ANONYMOUS */
#define SEGV 11

static uint32_t data_word = 0x11112222;
static const uint32_t constant_word = 0x33334444;

static volatile uint32_t *map(unsigned pages, unsigned flags)
{
    int at = lx_mmap2(0, pages * PAGE, LX_RW, flags);
    EXPECT(at == -LINUX_ENOMEM || at == -LINUX_EINVAL, false);
    return (volatile uint32_t *)(uintptr_t)(unsigned)at;
}

static int protect(volatile const void *at, unsigned pages, unsigned prot)
{
    return lx_mprotect((uintptr_t)at & ~(PAGE - 1), pages * PAGE, prot);
}

/* What a child ends with that reads, or writes, the word: 0 if it may. */
static int outcome(volatile uint32_t *word, bool write)
{
    int status = -1, pid = lx_fork();
    if (pid == 0) {
        uint32_t seen = *word;
        if (write)
            *word = seen + 1;
        lx_exit_group(0);
    }
    EXPECT(lx_waitpid(pid, &status, 0), pid);
    return status & 0x7F; /* without the bit that Linux sets if it wrote a core file */
}

static void expect_rights(volatile uint32_t *word, bool may_read, bool may_write)
{
    EXPECT(outcome(word, false), may_read ? 0 : SEGV);
    EXPECT(outcome(word, true), may_write ? 0 : SEGV);
    EXPECT(lx_nanosleep((void *)(uintptr_t)word, NULL) == -LINUX_EFAULT, !may_read);
    if (!may_write)
        EXPECT(lx_uname((void *)(uintptr_t)word), -LINUX_EFAULT);
}

/* A private page through all rights; its bytes, two words of 0 so that nanosleep() takes them, stay. */
static void check_rights(void)
{
    volatile uint32_t *word = map(3, LX_PRIVATE) + PAGE / 4;
    word[2] = 77;
    for (int round = 0; round < 2; round++) {
        expect_rights(word, true, true);
        EXPECT(protect(word, 1, READ), 0);
        expect_rights(word, true, false);
        EXPECT(protect(word, 1, 0), 0);
        expect_rights(word, false, false);
        word[-1] = word[PAGE / 4] = 5; /* the neighbours keep theirs */
        EXPECT(protect(word, 1, READ), 0);
        expect_rights(word, true, false);
        EXPECT(protect(word, 1, 0), 0);
        EXPECT(protect(word, 1, LX_RW), 0);
        EXPECT(word[2], 77 + round);
        word[2]++;
        word[0] = 0;
    }
}

/* Rights count at once, although the kernel wrote to the page just before. No other process runs meanwhile.
 */
static void check_at_once(void)
{
    static const unsigned fewer[] = {READ, 0};
    void *page = (void *)(uintptr_t)map(1, LX_PRIVATE);
    for (unsigned i = 0; i < sizeof(fewer) / sizeof(fewer[0]); i++) {
        EXPECT(lx_uname(page), 0);
        EXPECT(protect(page, 1, fewer[i]), 0);
        EXPECT(lx_uname(page), -LINUX_EFAULT);
        EXPECT(protect(page, 1, LX_RW), 0);
    }
    EXPECT(lx_munmap((uintptr_t)page, PAGE), 0);
}

/* Parent and child have a page that neither may write when the fork makes them; then both may. */
static void check_fork(unsigned prot)
{
    int status = -1;
    volatile uint32_t *word = map(2, LX_PRIVATE);
    word[0] = 10;
    word[PAGE / 4] = 20;
    EXPECT(protect(word, 2, prot), 0);
    int pid = lx_fork();
    if (pid == 0) {
        EXPECT(protect(word, 2, LX_RW), 0);
        EXPECT(word[0], 10);
        word[0] = 11;
        EXPECT(word[PAGE / 4], 20);
        EXPECT(word[0], 11);
        lx_exit_group(9);
    }
    EXPECT(lx_waitpid(pid, &status, 0), pid);
    EXPECT(status, 9 << 8);
    EXPECT(protect(word, 1, LX_RW), 0);
    EXPECT(word[0], 10);
    word[0]++;
    EXPECT(word[0], 11);
    EXPECT(outcome(word + PAGE / 4, true), SEGV);
    EXPECT(lx_munmap((uintptr_t)word, 2 * PAGE), 0);
}

/* Shared memory: a child takes rights away from itself alone. */
static void check_shared(void)
{
    int status = -1;
    volatile uint32_t *word = map(1, SHARED);
    word[0] = 1;
    int pid = lx_fork();
    if (pid == 0) {
        EXPECT(protect(word, 1, 0), 0);
        EXPECT(outcome(word, false), SEGV);
        EXPECT(protect(word, 1, READ), 0);
        EXPECT(outcome(word, true), SEGV);
        EXPECT(protect(word, 1, LX_RW), 0);
        word[0]++;
        lx_exit_group(0);
    }
    EXPECT(lx_waitpid(pid, &status, 0), pid);
    EXPECT(status, 0);
    EXPECT(word[0], 2);
}

/* Pages of the program's file: constants that are written, data that may no longer be. */
static void check_image(void)
{
    int status = -1;
    volatile uint32_t *constant = (volatile uint32_t *)(uintptr_t)&constant_word;
    EXPECT(*constant, 0x33334444);
    int pid = lx_fork();
    if (pid == 0) {
        EXPECT(protect(constant, 1, LX_RW | 4), 0);
        *constant = 1;
        EXPECT(outcome(constant, true), 0);
        EXPECT(*constant, 1);
        lx_exit_group(3);
    }
    EXPECT(lx_waitpid(pid, &status, 0), pid);
    EXPECT(status, 3 << 8);
    EXPECT(*constant, 0x33334444);
    pid = lx_fork();
    if (pid == 0) {
        volatile uint32_t *data = &data_word;
        EXPECT(*data, 0x11112222);
        EXPECT(protect(data, 1, READ), 0);
        EXPECT(outcome(data, true), SEGV);
        EXPECT(*data, 0x11112222);
        EXPECT(protect(data, 1, LX_RW), 0);
        *data = 7;
        lx_exit_group((int)*data);
    }
    EXPECT(lx_waitpid(pid, &status, 0), pid);
    EXPECT(status, 7 << 8);
}

static void check_errors(void)
{
    volatile uint32_t *word = map(3, LX_PRIVATE);
    EXPECT(lx_munmap((uintptr_t)word + PAGE, PAGE), 0);
    EXPECT(lx_mprotect((uintptr_t)word + 4, PAGE, READ), -LINUX_EINVAL);
    EXPECT(lx_mprotect((uintptr_t)word, PAGE, 0x10), -LINUX_EINVAL);
    EXPECT(lx_mprotect((uintptr_t)word, 0, 0x10), 0);
    EXPECT(lx_mprotect((uintptr_t)word, UINT32_MAX, READ), -LINUX_ENOMEM);
    EXPECT(lx_mprotect(0xFFFFF000u, PAGE, READ), -LINUX_ENOMEM);
    EXPECT(lx_mprotect(0, PAGE, READ), -LINUX_ENOMEM);
    EXPECT(protect(word, 3, READ), -LINUX_ENOMEM); /* up to the hole it is done */
    EXPECT(outcome(word, true), SEGV);
    EXPECT(outcome(word + 2 * PAGE / 4, true), 0);
    EXPECT(lx_mprotect((uintptr_t)word, 1, LX_RW), 0); /* a part of a page is the page */
    EXPECT(outcome(word, true), 0);
}

/* Every second page of many, over several page tables, and together again. */
static void check_many(void)
{
    enum { PAGES = 3000 };
    volatile uint32_t *word = map(PAGES, LX_PRIVATE);
    for (unsigned i = 0; i < PAGES; i++)
        word[i * PAGE / 4] = i;
    for (unsigned i = 0; i < PAGES; i += 2)
        EXPECT(protect(word + i * PAGE / 4, 1, i % 4 == 0 ? READ : 0), 0);
    EXPECT(outcome(word + 2999 * PAGE / 4, true), 0);
    EXPECT(outcome(word + 2996 * PAGE / 4, true), SEGV);
    EXPECT(outcome(word + 2998 * PAGE / 4, false), SEGV);
    EXPECT(protect(word, PAGES, LX_RW), 0);
    for (unsigned i = 0; i < PAGES; i++) {
        EXPECT(word[i * PAGE / 4], i);
        word[i * PAGE / 4] = i + 1;
    }
    EXPECT(lx_munmap((uintptr_t)word, PAGES * PAGE), 0);
}

static void fill(unsigned mib)
{
    unsigned words = mib << 18;
    volatile uint32_t *word = map(mib << 8, LX_PRIVATE);
    for (unsigned i = 0; i < words; i += PAGE / 4)
        word[i] = i;
    for (unsigned round = 0; round < 3; round++) {
        EXPECT(protect(word, mib << 8, round == 1 ? 0 : READ), 0);
        EXPECT(outcome(word + words / 2, true), SEGV);
        check_fork(0);
    }
    for (unsigned i = 0; i < words; i += PAGE / 4)
        EXPECT(word[i], i);
    EXPECT(protect(word, mib << 8, LX_RW), 0);
    for (unsigned i = 0; i < words; i += PAGE / 4)
        EXPECT(word[i]++, i);
}

/* mmap() of old has its arguments in memory; the last is an offset, which must be that of a page. */
static void check_old_mmap(void)
{
    uint32_t map[6] = {0, PAGE, LX_RW, LX_PRIVATE, ~0u, 0};
    for (map[5] = 0; map[5] < 2 * PAGE; map[5] += PAGE / 2) {
        int at = lx_mmap(map);
        EXPECT(at == -LINUX_EINVAL, map[5] % PAGE != 0);
        if (at != -LINUX_EINVAL)
            EXPECT(lx_munmap((uintptr_t)(unsigned)at, PAGE), 0);
    }
}

int linux_main(const struct start *start)
{
    bool few = start->argc > 1 && strcmp(start->argv[1], "few") == 0;
    if (start->argc > 1 && !few)
        fill((unsigned)(start->argv[1][0] - '0') * 10);
    check_rights();
    check_at_once();
    check_fork(READ);
    check_fork(0);
    check_shared();
    check_image();
    check_errors();
    check_old_mmap();
    if (!few)
        check_many();
    print("linuxprotect pass.\n");
    return 0;
}
