/* SPDX-License-Identifier: MIT */
/*
 * rehearsal - does what many programs do not, so that a mistake of the kernel shows in the first run
 * (rehearse=on).
 *
 * The checks of the kernel look at most of it. What only a program can see is reported here, in the same
 * words: the function and the file that is to be looked at stand in the second line. Prints nothing if all is
 * well.
 */
#include "ulib.h"

#define AGAIN "again"

enum {
    LONG_TICKS = 1000000,
    TURN_TICKS = 8,
    MANY_CALLS = 1000000,
    TURN_LOOPS = 300000, /* of some instructions: more than a turn */
    YIELDS = 64,
    BIG_CODE = -0x10384,
    STACK_BYTES = 8 * PAGE_SIZE,
    PAGES = 24, /* more than the kernel's checks look at in a region */
};

static const char text_of_mine[] = "rehearsal";
static volatile int in_data = BIG_CODE;
static volatile char zeros[2 * PAGE_SIZE]; /* bss, the rest of the page of in_data too */

/* What the processes of the rehearsal tell each other. */
static volatile struct {
    int child, parent, turns, orphan_parent, dead, done;
} * shared;

/* End the rehearsal with a report: what is wrong, and the function and file that are to be looked at. */
#define EXPECT(condition, function, file, ...)                                                  \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            printf("kernel check failed: pid %d \"rehearsal\": ", getpid());                    \
            printf(__VA_ARGS__);                                                                \
            printf("\n    %s (kernel/%s), seen at rehearsal.c:%d\n", function, file, __LINE__); \
            exit(-E_PANIC);                                                                     \
        }                                                                                       \
    } while (0)

/* Whether the kernel may write to `at` for this process. */
static int write_by_kernel(const volatile void *at)
{
    return sys_meminfo((void *)(uintptr_t)at);
}

/* Returns fork(); ends the rehearsal, which has nothing to say then, if there is no room for a process. */
static int fork_if_room(void)
{
    int pid = fork();
    if (pid == -E_NO_FREE_PROC || pid == -E_NO_MEM)
        exit(0);
    EXPECT(pid >= 0 && pid != getpid(), "do_fork", "proc/fork.c", "fork returned %d", pid);
    return pid;
}

/* Wait for child `pid`, which must end with `code`. */
static void expect_end(int pid, int code)
{
    int seen = code + 1, error = waitpid(pid, &seen);
    if (error == 0 && seen == -E_PANIC)
        exit(-E_PANIC); /* the child has reported */
    EXPECT(error == 0 && seen == code, "do_wait", "proc/wait.c",
           "waitpid(%d) returned %d with exit code %d instead of 0 with %d", pid, error, seen, code);
}

/* Yield until *value is not 0, or often enough. */
static void yield_until(volatile int *value)
{
    for (int i = 0; i < YIELDS && *value == 0; i++)
        yield();
}

static void use_up_slice(void)
{
    unsigned start = gettime_msec(), calls = 0;
    while (gettime_msec() - start < TURN_TICKS * (1000 / TICK_HZ))
        EXPECT(++calls < MANY_CALLS, "timer_tick", "proc/sleep.c", "the clock stands still at %u ms", start);
    for (volatile int i = 0; i < TURN_LOOPS; i++) {} /* without a system call */
}

static void look_at_program(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "";
    EXPECT((argc == 1 || argc == 2) && argv[argc] == NULL && strcmp(name, text_of_mine) == 0 &&
               (argc == 1 || strcmp(argv[1], AGAIN) == 0),
           "build_stack", "proc/exec.c", "argc is %d and argv[0] \"%s\" instead of \"%s\"", argc, name,
           text_of_mine);
    for (size_t i = 0; i < sizeof(zeros); i++)
        EXPECT(zeros[i] == 0, "image_fill", "mm/image.c", "byte %u of its bss is 0x%02x, not 0", (unsigned)i,
               (unsigned char)zeros[i]);
    EXPECT(in_data == BIG_CODE, "image_fill", "mm/image.c", "a word of its data is %d, not %d", in_data,
           BIG_CODE);
    EXPECT(write_by_kernel((char *)&name - STACK_BYTES) == 0, "build_stack", "proc/exec.c",
           "the page 0x%08x of its stack is not there", (unsigned)(uintptr_t)&name - STACK_BYTES);
    EXPECT(write_by_kernel(text_of_mine) != 0, "mm_fault", "mm/fault.c",
           "a system call wrote to 0x%08x, which is read-only text", (unsigned)(uintptr_t)text_of_mine);
}

static void use_memory(void)
{
    uintptr_t end = brk(0), more = end + 2 * PAGE_SIZE;
    EXPECT(brk(more) == more && brk(0) == more, "mm_brk", "mm/mmap.c",
           "brk(0x%08x) moves the end of the heap to 0x%08x", (unsigned)more, (unsigned)brk(0));
    *(volatile char *)end = 1;
    brk(end);
    char *page = mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    if (mmap_error(page) != 0)
        exit(0);
    *page = 1;
    char *other = mmap((uintptr_t)page, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    EXPECT(mmap_error(other) == 0 && other != page, "place_mapping", "mm/mmap.c",
           "mmap() returned 0x%08x for a second mapping at 0x%08x", (unsigned)(uintptr_t)other,
           (unsigned)(uintptr_t)page);
    EXPECT(write_by_kernel(other) != 0, "mm_mmap", "mm/mmap.c",
           "a system call wrote to 0x%08x, which mmap() mapped with PROT_READ only",
           (unsigned)(uintptr_t)other);
    munmap(page, PAGE_SIZE);
    EXPECT(write_by_kernel(page) != 0, "unmap", "mm/mmap.c", "page 0x%08x is there after munmap()",
           (unsigned)(uintptr_t)page);
}

static void know_each_other(void)
{
    int pid = fork_if_room();
    if (pid == 0) {
        shared->child = getpid();
        shared->parent = getppid();
        exit(in_data);
    }
    expect_end(pid, BIG_CODE);
    EXPECT(shared->child != 0, "copy_range", "mm/copy_range.h",
           "what a child wrote to a page with MAP_SHARED is not in its parent");
    EXPECT(shared->child == pid, "sys_getpid", "sys/sys_proc.c",
           "fork returned %d, but in that child getpid() is %d", pid, shared->child);
    EXPECT(shared->parent == getpid(), "sys_getppid", "sys/sys_proc.c",
           "getppid() is %d in child %d of pid %d", shared->parent, pid, getpid());
}

/* Each page of a large region, also of its middle, is the child's own, and begins with the bytes of its
 * parent. */
static void keep_pages_apart(void)
{
    volatile char *pages = mmap(0, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    if (mmap_error((void *)pages) != 0)
        exit(0);
    for (int i = 0; i < PAGES; i++)
        pages[i * PAGE_SIZE] = (char)(i + 1);
    int pid = fork_if_room();
    for (int i = 0; pid == 0 && i < PAGES; i++) {
        EXPECT(pages[i * PAGE_SIZE] == i + 1, "copy_range", "mm/copy_range.h",
               "page 0x%08x has other bytes in a child than in its parent",
               (unsigned)(uintptr_t)&pages[i * PAGE_SIZE]);
        pages[i * PAGE_SIZE] = -1;
    }
    if (pid == 0)
        exit(0);
    expect_end(pid, 0);
    for (int i = 0; i < PAGES; i++)
        EXPECT(pages[i * PAGE_SIZE] == i + 1, "copy_range", "mm/copy_range.h",
               "what a child wrote to its page 0x%08x is in its parent",
               (unsigned)(uintptr_t)&pages[i * PAGE_SIZE]);
    munmap((void *)pages, PAGES * PAGE_SIZE);
}

/* A child waits for what is its own, in any order, and for nothing else. */
static void wait_for_own(void)
{
    int parent = getpid(), pid, first = fork_if_room();
    if (first == 0)
        exit(1);
    int second = fork_if_room();
    if (second == 0) {
        yield_until(&shared->done); /* the first ends before, while its parent sleeps */
        exit(BIG_CODE);
    }
    expect_end(second, BIG_CODE);
    expect_end(first, 1);
    EXPECT(waitpid(first, NULL) != 0 && waitpid(parent, NULL) != 0 && waitpid(0, NULL) != 0, "find_zombie",
           "proc/wait.c", "waitpid() of a process that is no child returned 0");
    pid = fork_if_room();
    if (pid == 0) {
        if (fork_if_room() == 0)
            exit(0);
        yield_until(&shared->done); /* until the parent has looked: it has a zombie meanwhile */
        exit(0);
    }
    for (int i = 0; i < YIELDS / 8; i++)
        yield();
    EXPECT(waitany(NULL, NULL, WNOHANG) == 1, "find_zombie", "proc/wait.c",
           "a wait returned, though the only child, pid %d, has not ended", pid);
    shared->done = 1;
    expect_end(pid, 0);
}

static void leave_orphan(void)
{
    int pid = fork_if_room();
    if (pid == 0) {
        if (fork_if_room() == 0)
            yield();
        exit(0);
    }
    expect_end(pid, 0);
}

/* A process ends that has a zombie and a child: init reaps both. */
static void leave_family(void)
{
    const int init = 1;
    int pid = fork_if_room();
    if (pid == 0) {
        if (fork_if_room() == 0)
            exit(0);
        if (fork_if_room() == 0) {
            yield_until(&shared->dead);
            shared->orphan_parent = getppid();
            exit(0);
        }
        yield();
        yield();
        exit(0);
    }
    expect_end(pid, 0);
    shared->dead = 1;
    yield_until(&shared->orphan_parent);
    EXPECT(shared->orphan_parent == 0 || shared->orphan_parent == init, "hand_over_children", "proc/exit.c",
           "after the end of its parent, a process has parent %d and not %d, init", shared->orphan_parent,
           init);
}

/* Kill a child that sleeps or, without `sleeps`, computes. */
static void kill_child(bool sleeps)
{
    int pid = fork_if_room();
    if (pid == 0 && sleeps)
        exit(sleep(LONG_TICKS));
    while (pid == 0) {}
    sleep(1); /* meanwhile it falls asleep */
    EXPECT(kill(pid) == 0, "do_kill", "proc/kill.c", "kill(%d) of a child failed", pid);
    expect_end(pid, -E_KILLED);
    EXPECT(kill(pid) != 0, "do_kill", "proc/kill.c", "kill(%d) returned 0, though no process has that pid",
           pid);
}

/* Processes that yield take turns. */
static void take_turns(void)
{
    sleep(1); /* a tick begins: all is over before the next */
    int pid = fork_if_room();
    if (pid == 0) {
        shared->turns = 1;
        exit(0);
    }
    yield_until(&shared->turns);
    EXPECT(shared->turns != 0, "sched_yield", "proc/sched.c",
           "yielded %d times, but pid %d, which is ready, did not run", YIELDS, pid);
    expect_end(pid, 0);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        use_up_slice(); /* first: reports show the last events, and this makes many that say nothing */
    look_at_program(argc, argv);
    if (argc > 1)
        return 0;
    shared = mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
    if (mmap_error(shared) != 0)
        return 0;
    shared->done = 0; /* now it is there, and each fork has it to share */
    kill_child(true);
    leave_orphan();
    know_each_other();
    take_turns();
    leave_family();
    wait_for_own();
    kill_child(false);
    use_memory();
    keep_pages_apart();
    const char *const again[] = {text_of_mine, AGAIN};
    return exec(text_of_mine, 2, again);
}
