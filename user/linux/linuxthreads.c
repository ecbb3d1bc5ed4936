/* SPDX-License-Identifier: MIT */
/*
 * linuxthreads - threads of one process, and futexes: who ends with whom, who is woken, and what a parent
 * sees of it. Linux runs it with the same result.
 */
#include "linux.h"

#define THREADS 40
#define STACK_WORDS 512
#define THREAD                                                                                        \
    (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD | \
     LINUX_CLONE_SYSVSEM | LINUX_CLONE_CHILD_SETTID | LINUX_CLONE_CHILD_CLEARTID)
#define WAIT (LINUX_FUTEX_WAIT | LINUX_FUTEX_PRIVATE)
#define WAKE (LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE)
#define SHARED 0x21u /* MAP_SHARED | MAP_ANONYMOUS */
#define ALL 0x7FFFFFFFu
#define SIGNALLED(status) ((status)&0x7F) /* without the bit that Linux sets if it wrote a core file */

static uint32_t stacks[THREADS][STACK_WORDS];
static volatile int tids[THREADS];
static volatile int ran, gate, lock, counter;

static int wait_on(volatile int *word, int value)
{
    return lx_futex6((const void *)(uintptr_t)word, WAIT, (unsigned)value, NULL, NULL, 0);
}

static int wake(volatile int *word, unsigned n)
{
    return lx_futex6((const void *)(uintptr_t)word, WAKE, n, NULL, NULL, 0);
}

/* Start thread number `i`. Returns its tid. */
static int start_thread(int i, int (*function)(void))
{
    stacks[i][STACK_WORDS - 4] = (uint32_t)(uintptr_t)function;
    tids[i] = -1;
    int tid = clone_onto(THREAD, &stacks[i][STACK_WORDS - 4], NULL, (int *)(uintptr_t)&tids[i]);
    EXPECT(tid > 0, true);
    return tid;
}

/* Wait until thread number `i` has ended: the kernel writes 0 to its tid, and wakes those that do not say
 * "private". */
static void join(int i)
{
    for (int tid; (tid = tids[i]) != 0;)
        lx_futex6((const void *)(uintptr_t)&tids[i], LINUX_FUTEX_WAIT, (unsigned)tid, NULL, NULL, 0);
}

static void await(volatile int *word, int value)
{
    while (*word != value)
        lx_sched_yield();
}

/* The status of a child that calls `child` and exits with its result. */
static int status_of(int (*child)(void))
{
    int status = -1, pid = lx_fork();
    if (pid == 0)
        lx_exit_group(child());
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    return status;
}

/* ---- Threads ---- */

static int waits_at_the_gate(void)
{
    __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
    while (gate == 0)
        wait_on(&gate, 0);
    return 0;
}

static int spins(void)
{
    __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
    for (;;)
        lx_sched_yield();
}

static int computes(void)
{
    __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
    for (;;)
        __asm__ volatile("");
}

static int ends_all_with_7(void)
{
    await(&ran, 3);
    lx_exit_group(7);
    return 0;
}

static int writes_to_0(void)
{
    await(&ran, 3);
    *(volatile int *)8 = 1;
    return 0;
}

/* Some that do not end by themselves: in a futex, in the scheduler, and computing. */
static void start_three(void)
{
    start_thread(0, waits_at_the_gate);
    start_thread(1, spins);
    start_thread(2, computes);
    await(&ran, 3);
}

static int leader_sleeps(void)
{
    start_three();
    start_thread(3, ends_all_with_7);
    for (;;)
        wait_on(&gate, 0);
}

static int leader_ends_all(void)
{
    start_three();
    return 9;
}

static int thread_faults(void)
{
    start_three();
    start_thread(3, writes_to_0);
    for (;;)
        wait_on(&gate, 0);
}

static int is_killed(void)
{
    start_three();
    lx_kill(lx_getpid(), 15);
    for (;;)
        wait_on(&gate, 0);
}

static int thread_is_killed(void)
{
    start_three();
    EXPECT(lx_tgkill(lx_getpid() + 1000, tids[0], 10), -LINUX_ESRCH);
    lx_tgkill(lx_getpid(), tids[0], 10);
    for (;;)
        wait_on(&gate, 0);
}

static int last_thread(void)
{
    wait_on(&gate, 0);
    for (int i = 0; i < 20; i++)
        lx_sched_yield();
    return 5;
}

/* The process lasts as long as a thread, and ends with what its last one said. */
static int leader_exits_first(void)
{
    start_thread(0, last_thread);
    start_thread(1, last_thread);
    gate = 1;
    wake(&gate, ALL);
    lx_exit(4);
    return 0;
}

static int leader_exits_and_thread_faults(void)
{
    ran = 3;
    start_thread(0, writes_to_0);
    lx_exit(4);
    return 0;
}

static int executes(void)
{
    static const char *const argv[] = {"linuxthreads", "done", NULL};
    start_three();
    EXPECT(lx_execve("/no/such/program", argv, NULL), -LINUX_ENOENT);
    EXPECT(ran, 3);
    lx_execve("linuxthreads", argv, NULL);
    return 1;
}

static int forks(void)
{
    int status = -1, pid = lx_fork();
    if (pid == 0)
        lx_exit_group(lx_gettid() == lx_getpid() ? 3 : 4);
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    EXPECT(status, 3 << 8);
    return 0;
}

static int names_itself(void)
{
    static volatile int me;
    me = lx_gettid();
    EXPECT(me != lx_getpid(), true);
    EXPECT(me, tids[0]);
    EXPECT(lx_wait4(-1, NULL, 0, NULL), -LINUX_ECHILD);
    return 0;
}

static void check_ends(void)
{
    EXPECT(status_of(leader_sleeps), 7 << 8);
    EXPECT(status_of(leader_ends_all), 9 << 8);
    EXPECT(SIGNALLED(status_of(thread_faults)), 11);
    EXPECT(SIGNALLED(status_of(is_killed)), 15);
    EXPECT(SIGNALLED(status_of(thread_is_killed)), 10);
    EXPECT(status_of(leader_exits_first), 5 << 8);
    EXPECT(SIGNALLED(status_of(leader_exits_and_thread_faults)), 11);
    EXPECT(status_of(executes), 2 << 8);
    start_thread(0, names_itself);
    join(0);
    start_thread(0, forks);
    join(0);
}

/* Threads that write to a page which a fork has made read-only, while another fork keeps the memory's lock:
 * all wait for its end, and the first then gets the page for all. Memory below many page tables makes the
 * fork longer than their turns. */
static struct {
    volatile int may_write;
    char other_pages[8192];
    volatile int writes;
} shared;

static int writes_once(void)
{
    while (!shared.may_write)
        lx_sched_yield();
    shared.writes++;
    return 0;
}

static void fork_and_wait(void)
{
    int pid = lx_fork();
    if (pid == 0)
        lx_exit_group(0);
    EXPECT(lx_wait4(pid, NULL, 0, NULL), pid);
}

static void check_forks(void)
{
    enum { WRITERS = 6, ROUNDS = 10, TABLES = 64, TABLE_BYTES = 4 << 20 };
    const uintptr_t at = 0x20000000;
    for (uintptr_t va = at; va < at + TABLES * TABLE_BYTES; va += TABLE_BYTES) {
        EXPECT(lx_mmap2(va, 4096, LX_RW, LX_PRIVATE | 0x10), va);
        *(volatile char *)va = 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        shared.may_write = 0;
        for (int i = 0; i < WRITERS; i++)
            start_thread(i, writes_once);
        fork_and_wait();
        shared.may_write = 1;
        fork_and_wait();
        for (int i = 0; i < WRITERS; i++)
            join(i);
    }
    EXPECT(lx_munmap(at, TABLES * TABLE_BYTES), 0);
}

/* ---- Futexes ---- */

static void take_lock(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_SEQ_CST) != 0)
        wait_on(&lock, 1);
}

static int counts(void)
{
    for (int i = 0; i < 50; i++) {
        take_lock();
        int seen = counter;
        if (i % 10 == 0)
            lx_sched_yield();
        counter = seen + 1;
        __atomic_store_n(&lock, 0, __ATOMIC_SEQ_CST);
        wake(&lock, 1);
    }
    return 0;
}

static void check_lock(void)
{
    for (int i = 0; i < THREADS; i++)
        start_thread(i, counts);
    for (int i = 0; i < THREADS; i++)
        join(i);
    EXPECT(counter, 50 * THREADS);
}

/* Wake some of those that wait, have others wait for another word, and find each exactly once. */
static void check_counts(void)
{
    static volatile int other = 0;
    ran = gate = 0;
    for (int i = 0; i < 10; i++)
        start_thread(i, waits_at_the_gate);
    await(&ran, 10);
    /* All are at the gate when that many can be counted there: each moves to the other word. */
    int moved = 0;
    while (moved < 10) {
        moved += lx_futex6((const void *)(uintptr_t)&gate, LINUX_FUTEX_CMP_REQUEUE | LINUX_FUTEX_PRIVATE, 0,
                           (const void *)(uintptr_t)ALL, (const void *)(uintptr_t)&other, 0);
        lx_sched_yield();
    }
    EXPECT(lx_futex6((const void *)(uintptr_t)&gate, LINUX_FUTEX_CMP_REQUEUE | LINUX_FUTEX_PRIVATE, 0, NULL,
                     (const void *)(uintptr_t)&other, 1),
           -LINUX_EAGAIN);
    EXPECT(wake(&gate, ALL), 0);
    gate = 1;
    EXPECT(wake(&other, 3), 3);
    EXPECT(wake(&other, ALL), 7);
    EXPECT(wake(&other, ALL), 0);
    for (int i = 0; i < 10; i++)
        join(i);
}

static void check_errors(void)
{
    static volatile int word = 5;
    static uint32_t times[][2] = {{0, 20000000}, {0, 1000000000}, {UINT32_MAX, 0}, {0, 0}};
    const void *at = (const void *)(uintptr_t)&word;
    EXPECT(wait_on(&word, 4), -LINUX_EAGAIN);
    EXPECT(lx_futex6(at, WAIT, 5, times[0], NULL, 0), -LINUX_ETIMEDOUT);
    EXPECT(lx_futex6(at, WAIT, 5, times[1], NULL, 0), -LINUX_EINVAL);
    EXPECT(lx_futex6(at, WAIT, 5, times[2], NULL, 0), -LINUX_EINVAL);
    EXPECT(lx_futex6(at, WAIT, 5, times[3], NULL, 0), -LINUX_ETIMEDOUT);
    EXPECT(lx_futex6(at, WAIT, 5, (void *)8, NULL, 0), -LINUX_EFAULT);
    EXPECT(lx_futex6(at, LINUX_FUTEX_WAIT_BITSET, 5, times[0], NULL, LINUX_FUTEX_ANY), -LINUX_ETIMEDOUT);
    EXPECT(lx_futex6(at, LINUX_FUTEX_WAIT_BITSET, 5, times[0], NULL, 0), -LINUX_EINVAL);
    EXPECT(lx_futex6((const char *)at + 1, WAIT, 5, NULL, NULL, 0), -LINUX_EINVAL);
    EXPECT(lx_futex6((void *)8, WAIT, 5, NULL, NULL, 0), -LINUX_EFAULT);
    EXPECT(lx_futex6((const char *)at + 1, WAKE, 1, NULL, NULL, 0), -LINUX_EINVAL);
    EXPECT(lx_futex6((void *)8, WAKE, 1, NULL, NULL, 0), 0);
    EXPECT(lx_futex6(at, 77, 5, NULL, NULL, 0), -LINUX_ENOSYS);
    EXPECT(clone_onto(LINUX_CLONE_THREAD | LINUX_CLONE_VM, stacks[0], NULL, NULL), -LINUX_EINVAL);
    EXPECT(clone_onto(LINUX_CLONE_THREAD | LINUX_CLONE_SIGHAND, stacks[0], NULL, NULL), -LINUX_EINVAL);
}

/* Two processes with shared memory: it is what they know the word by. */
static void check_shared(void)
{
    int status = -1;
    volatile int *word = (volatile int *)(uintptr_t)(unsigned)lx_mmap2(0, 4096, LX_RW, SHARED);
    int pid = lx_fork();
    if (pid == 0) {
        word[1] = 1;
        while (word[0] == 0)
            lx_futex6((const void *)(uintptr_t)word, LINUX_FUTEX_WAIT, 0, NULL, NULL, 0);
        lx_exit_group(6);
    }
    await(&word[1], 1);
    word[0] = 1;
    lx_futex6((const void *)(uintptr_t)word, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0);
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    EXPECT(status, 6 << 8);
    pid = lx_fork();
    if (pid == 0)
        lx_exit_group(wait_on(&gate, 1)); /* a kill ends the wait */
    for (int i = 0; i < 20; i++)
        lx_sched_yield();
    EXPECT(lx_kill(pid, 9), 0);
    EXPECT(lx_wait4(pid, &status, 0, NULL), pid);
    EXPECT(status, 9);
}

int linux_main(const struct start *start)
{
    if (start->argc > 1)
        return 2;
    check_errors();
    check_forks();
    check_ends();
    check_lock();
    check_counts();
    check_shared();
    print("linuxthreads pass.\n");
    return 0;
}
