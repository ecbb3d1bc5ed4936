/* SPDX-License-Identifier: MIT */
/*
 * calls - the way into the kernel and out again. For the course: `calls MODE NUMBER` prints results that
 * depend on the number.
 */
#include "numbers.h"

enum { UNKNOWN_FIRST = 60, UNKNOWN_N = 30, TABLE_SIZE = 512 }; /* numbers that no system call has */
enum { COMPUTE_LOOPS = 200 * 1000, COMPUTE_MSEC_MIN = 40 };    /* it takes more than 100 ms in the machine */

/* Make the system call `nr`; all registers but eax must survive it. Returns its result. */
static int raw_call(int nr, unsigned mark, bool *kept)
{
    int result = nr;
    unsigned edx = mark, ecx = mark + 1, ebx = mark + 2, edi = mark + 3, esi = mark + 4;
    __asm__ volatile("int $0x80"
                     : "+a"(result), "+d"(edx), "+c"(ecx), "+b"(ebx), "+D"(edi), "+S"(esi)
                     :
                     : "memory", "cc");
    *kept = edx == mark && ecx == mark + 1 && ebx == mark + 2 && edi == mark + 3 && esi == mark + 4;
    return result;
}

/* The clock of a program that computes, and makes no system call, goes on if interrupts are on in ring 3. */
static void enter(unsigned seed)
{
    printf("calls: a program runs, number %u\n", next_number(&seed));
    unsigned start = gettime_msec();
    for (volatile unsigned i = 0; i < COMPUTE_LOOPS; i++) {}
    printf("calls: meanwhile the clock %s, number %u\n",
           gettime_msec() - start > COMPUTE_MSEC_MIN ? "goes on" : "stands still", next_number(&seed));
}

/* Calls with results that are known: brk moves the end of the heap by pages. */
static void results(unsigned seed)
{
    uintptr_t start = brk(0);
    for (int i = 0; i < 4; i++) {
        unsigned bytes = PAGE_SIZE * (1 + next_number(&seed) % 8);
        printf("calls: brk by %u moves it by %u\n", bytes, (unsigned)(brk(start + bytes) - start));
    }
}

static void unknown(unsigned seed)
{
    unsigned refused = 0, all_kept = 0;
    for (int i = 0; i < UNKNOWN_N; i++) {
        bool kept;
        refused += raw_call(UNKNOWN_FIRST + i, seed + (unsigned)i, &kept) == -E_UNIMP;
        all_kept += kept;
    }
    bool kept;
    int huge = raw_call((int)(0x7fff0000u + next_number(&seed)), seed, &kept);
    printf("calls: %u of %u refused, registers kept %u times, a huge one %d, number %u\n", refused, UNKNOWN_N,
           all_kept, huge, next_number(&seed));
    int first = raw_call(TABLE_SIZE, seed, &kept);
    printf("calls: the first one beyond the table %d, number %u\n", first, next_number(&seed));
    int negative = raw_call(-1 - (int)(next_number(&seed) % 100), seed, &kept);
    printf("calls: a negative one %d, number %u\n", negative, next_number(&seed));
}

/* A chain of children: each says whether getppid() is right. The exit codes depend on the number. Each has a
 * brother that is born before it, so that pids do not tell who is whose child. */
static void parents(unsigned seed)
{
    unsigned depth = 3 + seed % 4;
    for (unsigned i = 1; i <= depth; i++) {
        int parent = getpid(), code = 0;
        int brother = fork();
        if (brother == 0)
            exit((int)(seed % 500));
        (void)waitpid(brother, NULL);
        int pid = fork();
        if (pid > 0) {
            (void)waitpid(pid, &code);
            printf("calls: child %u ends with %d\n", i, code);
            if (i > 1)
                exit((int)(seed % 500 + i - 1));
            return;
        }
        printf("calls: child %u of %u: getppid is %s\n", i, seed, getppid() == parent ? "right" : "wrong");
    }
    exit((int)(seed % 500 + depth));
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {
        {"enter", enter}, {"results", results}, {"unknown", unknown}, {"parents", parents}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
