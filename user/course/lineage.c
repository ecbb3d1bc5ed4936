/* SPDX-License-Identifier: MIT */
/*
 * lineage - what a child inherits, and forks and writes that find no memory. For the course: `lineage MODE
 * NUMBER` prints results that depend on the number.
 */
#include "numbers.h"

enum { HOLD_MAX = 1000, BALLAST_PAGES = 200, OTHERS_DIE_TICKS = 500 };
enum { TABLE_SPAN = 4 << 20, TABLES = 24, LEFT_FRAMES = 8, WRITERS = 4 };

static volatile char ballast[BALLAST_PAGES][PAGE_SIZE];

/* A chain of children, each in its parent's group unless it makes one of its own; all have the FPU state that
 * the first has set. */
static void group(unsigned seed)
{
    unsigned depth = 3 + seed % 3, own = 1 + (seed >> 4) % depth;
    int leader = getpid();
    unsigned short control = (unsigned short)(0x27f | (seed & 3) << 10); /* not the one after fninit */
    set_fpu_control(control);
    for (unsigned i = 1; i <= depth; i++) {
        int parent = getpid(), code = -1;
        int pid = fork();
        if (pid > 0) {
            int error = waitpid(pid, &code);
            printf("lineage: %u ends: %d, code %d\n", i, error, code);
            if (i > 1)
                exit((int)(seed % 1000 + i - 1));
            return;
        }
        printf("lineage: %u of %u: parent %s, group %s, FPU %s\n", i, seed,
               getppid() == parent ? "right" : "wrong", getpgid(0) == leader ? "inherited" : "other",
               fpu_control() == control ? "inherited" : "other");
        if (i == own) {
            (void)setpgid(0, 0);
            leader = getpid();
        }
    }
    exit((int)(seed % 1000 + depth));
}

/* A child that fork made when memory was nearly full: sleep until the others are dead, then end with the
 * number if all of the ballast has been inherited. */
_Noreturn static void last_child(unsigned number)
{
    sleep(OTHERS_DIE_TICKS);
    for (unsigned i = 0; i < BALLAST_PAGES; i++)
        if (ballast[i][0] != (char)(i + 1))
            exit(1);
    exit((int)number);
}

/* Fork children until fork fails, twice; the second time there must be as much room. The last child is asked
 * what it has. */
static void full(unsigned seed)
{
    unsigned made[2], number = next_number(&seed);
    int error = 0, code = 0;
    for (unsigned i = 0; i < BALLAST_PAGES; i++)
        ballast[i][0] = (char)(i + 1); /* so that a fork fails in the middle, and not before it begins */
    __asm__ volatile("fninit");        /* there is an FPU state to copy, too */
    static int pids[HOLD_MAX];
    for (int round = 0; round < 2; round++) {
        unsigned n = 0;
        while (n < HOLD_MAX && (error = pids[n] = fork()) > 0)
            n++;
        if (n < HOLD_MAX && pids[n] == 0)
            last_child(number);
        for (unsigned i = 0; i + 1 < n; i++) {
            (void)kill(pids[i]);
            (void)waitpid(pids[i], NULL);
        }
        if (n > 0)
            (void)waitpid(pids[n - 1], &code);
        made[round] = n;
    }
    printf("lineage: number %u, fork fails with %s, %s room the second time\n", number,
           error == -E_NO_MEM || error == -E_NO_FREE_PROC ? "no memory" : "another error",
           made[1] * 20 >= made[0] * 19 ? "the same" : "less");
    printf("lineage: the last child ends with %d\n", code);
}

/* Take all frames but `left`, and then write below page tables that a child shares. Each write needs one
 * frame for the copy of a table and one for the copy of a page; which of the two is missing first depends on
 * `left`. */
static void write_until_full(unsigned left)
{
    enum { RIGHTS = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };
    volatile char *spans = mmap(0, TABLES * TABLE_SPAN, RIGHTS, PRIVATE);
    for (int i = 0; i < TABLES; i++)
        spans[i * TABLE_SPAN] = 1;
    if (fork() == 0)
        for (;;)
            (void)sleep(OTHERS_DIE_TICKS);
    (void)sleep(1); /* the child gets a copy of its stack's page */
    volatile char *next = mmap(0, TABLES * TABLE_SPAN, RIGHTS, PRIVATE);
    struct mem_info info;
    while (sys_meminfo(&info) == 0 && info.free > left)
        for (unsigned n = (info.free - left + 1) / 2; n > 0; n--, next += PAGE_SIZE)
            *next = 1;
    for (int i = 0; i < TABLES; i++)
        spans[i * TABLE_SPAN] = 2;
}

/* Writers below shared tables, one after the other, that find no memory: the kernel kills each. */
static void tables(unsigned seed)
{
    unsigned number = next_number(&seed), killed = 0;
    for (unsigned i = 0; i < WRITERS; i++) {
        int code = 0, pid = fork();
        if (pid == 0) {
            (void)setpgid(0, 0);
            write_until_full(LEFT_FRAMES + i);
            exit(0);
        }
        (void)waitpid(pid, &code);
        (void)kill(-pid);
        killed += code == -E_KILLED;
    }
    printf("lineage: number %u, %u of %u writers found no memory\n", number, killed, (unsigned)WRITERS);
}

int main(int argc, char **argv)
{
    static const struct mode modes[] = {{"group", group}, {"full", full}, {"tables", tables}};
    return run_mode(modes, ARRAY_SIZE(modes), argc, argv);
}
