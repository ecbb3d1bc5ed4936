/* SPDX-License-Identifier: MIT */
/*
 * hogs - memory and disk run out again and again, and the hogs die of it: the program that started them, and
 * one that mostly sleeps, live, although both need their pages all the time (D105).
 *
 *     hogs ROUNDS MIB     in each round four processes take MIB MiB each and write to all of it twice
 */
#include "check.h"

enum { HOGS = 4, MIB = 1 << 20, NAP = 2, SMALL_PAGES = 16 };

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

int main(int argc, char **argv)
{
    int ended = 0;
    if (argc != 3)
        usage("hogs ROUNDS MIB");
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
