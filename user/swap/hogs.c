/* SPDX-License-Identifier: MIT */
/*
 * hogs - memory and disk run out again and again, and the hogs die of it: the program that started them, and
 * one that mostly sleeps, live, although both need their pages all the time (D105).
 *
 *     hogs ROUNDS MIB     in each round four processes take MIB MiB each and write to all of it twice
 *     hogs leader         one process has most of the memory and its child takes the rest; the parent leads
 * the terminal's foreground group, as a shell does hogs job            the same, but the child does: a job of
 * that shell hogs none           the same, but both are of another group
 */
#include "check.h"

enum { HOGS = 4, MIB = 1 << 20, NAP = 2, SMALL_PAGES = 16, REST = 4 /* of so many parts, one */ };

static size_t bytes;

static int hog(void)
{
    volatile char *memory = map_pages(bytes, MAP_PRIVATE);
    for (int i = 0; i < 2; i++)
        for (size_t at = 0; at < bytes; at += PAGE_SIZE)
            memory[at]++;
    return 0;
}

/* Sleep, and write to a few pages of one's own, which hogs have driven to the disk, and to a few new ones. */
static void nap(void)
{
    static volatile char small[SMALL_PAGES * PAGE_SIZE];
    sleep(NAP);
    volatile char *fresh = mmap(0, sizeof(small), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    for (size_t at = 0; at < sizeof(small); at += PAGE_SIZE) {
        small[at]++;
        if (mmap_error(fresh) == 0)
            fresh[at]++;
    }
    if (mmap_error(fresh) == 0)
        assert(munmap(fresh, sizeof(small)) == 0);
}

static int nap_forever(void)
{
    for (;;)
        nap();
}

static int start(int (*body)(void))
{
    int pid = fork();
    if (pid == 0)
        exit(body());
    return pid;
}

static void start_hogs(void)
{
    for (int i = 0; i < HOGS; i++)
        while (start(hog) == -E_NO_MEM) /* there may be no memory for it yet */
            nap();
}

/* Returns how many of the hogs were ended. */
static int end_of_hogs(void)
{
    int ended = 0;
    for (int left = HOGS; left > 0; nap()) {
        int code;
        while (left > 0 && waitany(NULL, &code, WNOHANG) == 0) {
            assert(code == 0 || code == -E_KILLED);
            ended += code != 0;
            left--;
        }
    }
    return ended;
}

/* Free pages in memory and on the disk. */
static size_t room(void)
{
    struct mem_info info;
    assert(sys_meminfo(&info) == 0);
    return info.free + info.swap_free;
}

/* Write to new pages until `left` are free, or to more than there are. */
static void take_pages(size_t left)
{
    size_t n = room() + 1;
    volatile char *pages = map_pages(n * PAGE_SIZE, MAP_PRIVATE);
    for (size_t i = 0; i < n && (left == 0 || room() > left); i++)
        pages[i * PAGE_SIZE]++;
}

static const char *who;
static size_t rest;

static int take_rest(void)
{
    while (room() > rest)
        sleep(1);
    take_pages(0);
    return 0;
}

/* Take most pages; a child, which began before and so shares none of them, takes the rest. */
static int be_shell(void)
{
    rest = room() / REST;
    assert(setpgid(0, 0) == 0);
    int child = start(take_rest);
    assert(child > 0 && setpgid(child, 0) == 0);
    if (strcmp(who, "none") != 0)
        assert(tcsetpgrp(strcmp(who, "job") == 0 ? child : getpid()) == 0);
    take_pages(rest);
    return code_of(child) == -E_KILLED ? 0 : 1;
}

static int try_shell(const char *mode)
{
    who = mode;
    CHECK(code_of(start(be_shell)), strcmp(mode, "none") == 0 ? -E_KILLED : 0,
          "exit code of the larger one, %s", mode);
    return pass();
}

int main(int argc, char **argv)
{
    int ended = 0;
    if (argc == 2)
        return try_shell(argv[1]);
    if (argc != 3)
        usage("hogs ROUNDS MIB, or hogs leader, job or none");
    unsigned rounds = number_of(argv[1]);
    bytes = number_of(argv[2]) * MIB;
    int sleeper = start(nap_forever);
    assert(sleeper > 0);
    for (unsigned i = 0; i < rounds; i++) {
        start_hogs();
        ended += end_of_hogs();
    }
    printf("hogs: %d of %u were ended\n", ended, rounds * HOGS);
    CHECK(proc_of(sleeper).exit_code, 0, "exit code of the sleeper, which is alive");
    CHECK(proc_of(sleeper).killed, 0, "whether it was killed");
    assert(kill(sleeper) == 0);
    CHECK(code_of(sleeper), -E_KILLED, "exit code of the sleeper after that");
    return pass();
}
