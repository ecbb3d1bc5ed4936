/* SPDX-License-Identifier: MIT */
/*
 * linuxedges - system calls of Linux with arguments at the edges of what is allowed, and what each returns.
 *
 * It prints a line for each, whose text is that of the call here, for tools/compare --edges to compare with
 * what Linux itself returns. Addresses are differences to `at`, the middle of a mapping of 16 pages with
 * nothing around it.
 */
#include "linux.h"

#include "lib/string.h"

#define PAGE 4096u
#define R 1u
#define RW 3u
#define ANON 0x20u
#define PRIVATE 0x22u
#define SHARED 0x21u
#define FIXED 0x10u
#define NOWHERE ((void *)8)
#define KERNEL 0xC0000000u
#define TOP 0xFFFFF000u
#define AREA 0x30000000u
#define SIGTERM 15
#define SIGKILL LINUX_SIGKILL

#define lx_futex lx_futex6
#define EDGE(call) edge(#call, (call))
#define BREAK(call) edge("brk(" #call ") - start", (int)((unsigned)lx_brk(call) - start))

static uintptr_t at;

/* Print what the call, written without the prefix of its stub, came to. */
static void edge(const char *call, int result)
{
    char text[160];
    size_t n = 0;
    for (size_t i = 0; call[i] != '\0' && n + 1 < sizeof(text); i++) {
        if (strncmp(call + i, "lx_", 3) == 0)
            i += 2;
        else
            text[n++] = call[i];
    }
    text[n] = '\0';
    print("edge: %s = %d\n", text, result);
}

/* mmap2(): the error, or the difference to `at`. */
static int map(uintptr_t addr, unsigned len, unsigned prot, unsigned flags)
{
    int result = lx_mmap2(addr, len, prot, flags);
    return result < 0 && result > -4096 ? result : (int)((unsigned)result - at);
}

/* The same, but an address that Linux chose is only said to be one. */
static int map_anywhere(uintptr_t addr, unsigned len, unsigned prot, unsigned flags)
{
    int result = lx_mmap2(addr, len, prot, flags);
    if (result < 0 && result > -4096)
        return result;
    lx_munmap((unsigned)result, len);
    return 0;
}

/* What a child ends with that reads or writes there: 0, or the signal. */
static int access_to(uintptr_t va, bool write)
{
    int status = -1, pid = lx_fork();
    if (pid == 0) {
        volatile char *byte = (volatile char *)va;
        char seen = *byte;
        if (write)
            *byte = seen;
        lx_exit_group(0);
    }
    lx_waitpid(pid, &status, 0);
    return status & 0x7F;
}

static int reads(uintptr_t va)
{
    return access_to(va, false);
}

static int writes(uintptr_t va)
{
    return access_to(va, true);
}

static void renew(void)
{
    lx_munmap(AREA, 64 * PAGE);
    at = (unsigned)lx_mmap2(AREA + 8 * PAGE, 16 * PAGE, RW, PRIVATE | FIXED) + 8 * PAGE;
}

static void edges_of_brk(void)
{
    const unsigned start = (unsigned)lx_brk(0);
    BREAK(0);
    BREAK(start + 1);
    BREAK(start + PAGE);
    BREAK(start + PAGE + 1);
    EDGE(writes(start + PAGE));
    BREAK(start + PAGE);
    EDGE(reads(start + PAGE));
    BREAK(start - 1);
    BREAK(1);
    BREAK(KERNEL);
    BREAK(TOP);
    BREAK(UINT32_MAX);
    BREAK(start);
}

static void edges_of_mmap(void)
{
    EDGE(map_anywhere(0, 0, RW, PRIVATE));
    EDGE(map_anywhere(0, 1, RW, PRIVATE));
    EDGE(map_anywhere(0, UINT32_MAX, RW, PRIVATE));
    EDGE(map_anywhere(0, TOP, RW, PRIVATE));
    EDGE(map_anywhere(0, TOP + 1, RW, PRIVATE));
    EDGE(map_anywhere(0, PAGE, RW, ANON));
    EDGE(map_anywhere(0, PAGE, RW, ANON | 3));
    EDGE(map_anywhere(0, PAGE, RW, SHARED));
    EDGE(map_anywhere(0, PAGE, 0, PRIVATE));
    EDGE(map_anywhere(0, PAGE, 0xF0, PRIVATE));
    EDGE(map_anywhere(0, PAGE, RW, PRIVATE | 0x40000));
    EDGE(map_anywhere(0, PAGE, RW, PRIVATE | 0x10000000));
    EDGE(map_anywhere(0, PAGE, RW, PRIVATE | 0x40000000));
    EDGE(map(at + 16 * PAGE, PAGE, RW, PRIVATE));
    EDGE(map(at + 17 * PAGE + 1, PAGE, RW, PRIVATE));
    EDGE(map_anywhere(at, PAGE, RW, PRIVATE));
    EDGE(map_anywhere(1, PAGE, RW, PRIVATE));
    EDGE(map_anywhere(KERNEL - 1, PAGE, RW, PRIVATE));
    EDGE(map_anywhere(UINT32_MAX, PAGE, RW, PRIVATE));
    EDGE(map(at, PAGE, RW, PRIVATE | FIXED));
    EDGE(map(at + 1, PAGE, RW, PRIVATE | FIXED));
    EDGE(map(at + PAGE, 1, RW, PRIVATE | FIXED));
    EDGE(map(at, 0, RW, PRIVATE | FIXED));
    EDGE(map(TOP, PAGE, RW, PRIVATE | FIXED));
    EDGE(map(TOP + 1, PAGE, RW, PRIVATE | FIXED));
    EDGE(map(TOP, 2 * PAGE, RW, PRIVATE | FIXED));
    EDGE(map(at, UINT32_MAX - at, RW, PRIVATE | FIXED));
    EDGE(lx_mmap(NOWHERE));
    renew();
}

static void edges_of_munmap(void)
{
    EDGE(lx_munmap(at, 0));
    EDGE(lx_munmap(at + 1, PAGE));
    EDGE(lx_munmap(at, 1));
    EDGE(reads(at));
    EDGE(lx_munmap(at, PAGE));
    EDGE(lx_munmap(at + PAGE, PAGE + 1));
    EDGE(reads(at + 2 * PAGE));
    EDGE(reads(at + 3 * PAGE));
    EDGE(lx_munmap(at - 2 * PAGE, 8 * PAGE));
    EDGE(lx_munmap(at + 32 * PAGE, PAGE));
    EDGE(lx_munmap(0, PAGE));
    EDGE(lx_munmap(at, UINT32_MAX));
    EDGE(lx_munmap(TOP, PAGE));
    EDGE(lx_munmap(TOP, 2 * PAGE));
    EDGE(lx_munmap(KERNEL, PAGE));
    renew();
}

static void edges_of_mprotect(void)
{
    EDGE(lx_mprotect(at, PAGE, R));
    EDGE(reads(at));
    EDGE(writes(at));
    EDGE(lx_mprotect(at, 1, RW));
    EDGE(writes(at));
    EDGE(lx_mprotect(at, PAGE, 2));
    EDGE(reads(at));
    EDGE(lx_mprotect(at, PAGE, 4));
    EDGE(reads(at));
    EDGE(lx_mprotect(at, PAGE, 0));
    EDGE(reads(at));
    EDGE(lx_mprotect(at, PAGE, 8));
    EDGE(lx_mprotect(at, PAGE, 0x10));
    EDGE(lx_mprotect(at, PAGE, UINT32_MAX));
    EDGE(lx_mprotect(at, PAGE, R | 0x01000000));
    EDGE(lx_mprotect(at, PAGE, R | 0x02000000));
    EDGE(lx_mprotect(at, 0, RW));
    EDGE(lx_mprotect(at, 0, 0x10));
    EDGE(lx_mprotect(at + 1, PAGE, RW));
    EDGE(lx_mprotect(at + 1, 0, RW));
    EDGE(lx_mprotect(at + 7 * PAGE, 2 * PAGE, R));
    EDGE(writes(at + 7 * PAGE));
    EDGE(lx_mprotect(at - 9 * PAGE, 2 * PAGE, R));
    EDGE(writes(at - 8 * PAGE));
    EDGE(lx_mprotect(at, UINT32_MAX, R));
    EDGE(lx_mprotect(at, UINT32_MAX - at - PAGE, R));
    EDGE(lx_mprotect(0, PAGE, R));
    EDGE(lx_mprotect(KERNEL, PAGE, R));
    EDGE(lx_mprotect(TOP, PAGE, R));
    EDGE(lx_mprotect(TOP, 2 * PAGE, R));
    renew();
}

static int child_that(int (*body)(void))
{
    int pid = lx_fork();
    if (pid == 0)
        lx_exit_group(body());
    return pid;
}

static int exits_with_3(void)
{
    return 3;
}

static int sleeps(void)
{
    for (;;)
        lx_sched_yield();
}

static int first_of(int value)
{
    return value > 0 ? 1 : value;
}

static void edges_of_wait(void)
{
    int status = -1, pid;
    EDGE(lx_wait4(-1, &status, 0, NULL));
    EDGE(lx_wait4(0, &status, 0, NULL));
    EDGE(lx_wait4(1, &status, 0, NULL));
    EDGE(lx_wait4(lx_getpid(), &status, 0, NULL));
    EDGE(lx_wait4(INT32_MAX, &status, 0, NULL));
    EDGE(lx_wait4(INT32_MIN, &status, 0, NULL));
    EDGE(lx_wait4(-INT32_MAX, &status, 0, NULL));
    EDGE(lx_wait4(-1, &status, (int)LINUX_WNOHANG, NULL));
    EDGE(lx_wait4(-1, NULL, 2, NULL));
    EDGE(lx_wait4(-1, NULL, 4, NULL));
    EDGE(lx_wait4(-1, NULL, 8, NULL));
    EDGE(lx_wait4(-1, NULL, 0x10, NULL));
    EDGE(lx_wait4(-1, NULL, 0x01000000, NULL));
    EDGE(lx_wait4(-1, NULL, 0x20000000, NULL));
    EDGE(lx_wait4(-1, NULL, 0x40000000, NULL));
    EDGE(lx_wait4(-1, NULL, INT32_MIN, NULL));
    pid = child_that(exits_with_3);
    EDGE(lx_wait4(pid, &status, 0x20, NULL));
    EDGE(first_of(lx_wait4(pid, &status, 0, NULL)));
    EDGE(status);
    EDGE(lx_wait4(pid, &status, 0, NULL));
    pid = child_that(exits_with_3);
    EDGE(lx_wait4(pid, NOWHERE, 0, NULL));
    EDGE(lx_wait4(pid, &status, 0, NULL));
    pid = child_that(exits_with_3);
    EDGE(lx_wait4(pid, &status, 0, NOWHERE));
    EDGE(lx_wait4(pid, &status, 0, NULL));
    pid = child_that(sleeps);
    EDGE(lx_waitpid(pid, &status, (int)LINUX_WNOHANG));
    EDGE(lx_waitpid(-1, &status, (int)LINUX_WNOHANG));
    EDGE(lx_waitpid(pid, NOWHERE, (int)LINUX_WNOHANG));
    EDGE(lx_wait4(pid, &status, (int)(LINUX_WNOHANG | LINUX_WCLONE), NULL));
    EDGE(lx_kill(pid, SIGTERM));
    EDGE(first_of(lx_waitpid(0, &status, 0)));
    EDGE(status);
    pid = child_that(exits_with_3);
    EDGE(lx_waitpid(pid, NULL, 0) - pid);
    EDGE(lx_waitpid(pid, NULL, 4));
}

static void edges_of_waitid(void)
{
    struct linux_siginfo info = {1, 1, 1, 1, 1, 1};
    int pid = child_that(exits_with_3);
    EDGE(lx_waitid(LINUX_P_PID, pid, &info, LINUX_WEXITED | LINUX_WNOWAIT, NULL));
    EDGE(info.signal);
    EDGE(info.code);
    EDGE(info.pid - pid);
    EDGE(info.status);
    EDGE(lx_waitid(LINUX_P_PGID, 0, &info, LINUX_WEXITED, NULL));
    EDGE(lx_waitid(LINUX_P_PGID, 0, &info, LINUX_WEXITED, NULL));
    EDGE(info.pid);
    pid = child_that(sleeps);
    EDGE(lx_waitid(LINUX_P_ALL, -5, &info, LINUX_WEXITED | LINUX_WNOHANG, NULL));
    EDGE(info.signal);
    EDGE(lx_waitid(LINUX_P_PGID, INT32_MAX, &info, LINUX_WEXITED | LINUX_WNOHANG, NULL));
    EDGE(lx_waitid(LINUX_P_PID, INT32_MAX, NOWHERE, LINUX_WEXITED, NULL));
    EDGE(lx_kill(pid, SIGTERM));
    EDGE(lx_waitid(LINUX_P_PID, pid, &info, LINUX_WEXITED, NULL));
    EDGE(info.code);
    EDGE(info.status);
}

static void edges_of_kill(void)
{
    int pid = child_that(sleeps);
    EDGE(lx_kill(pid, 0));
    EDGE(lx_kill(pid, -1));
    EDGE(lx_kill(pid, 65));
    EDGE(lx_kill(pid, INT32_MAX));
    EDGE(lx_kill(pid, LINUX_SIGCHLD));
    EDGE(lx_kill(pid, LINUX_SIGCONT));
    EDGE(lx_kill(pid, LINUX_SIGWINCH));
    EDGE(lx_kill(INT32_MAX, 0));
    EDGE(lx_kill(INT32_MAX, 65));
    EDGE(lx_kill(INT32_MIN, 0));
    EDGE(lx_kill(-INT32_MAX, 0));
    EDGE(lx_kill(-pid, SIGKILL));
    EDGE(lx_kill(0, 0));
    EDGE(lx_kill(lx_getpid(), 0));
    EDGE(lx_tkill(0, 0));
    EDGE(lx_tkill(-1, 0));
    EDGE(lx_tkill(pid, 65));
    EDGE(lx_tkill(INT32_MAX, 0));
    EDGE(lx_tgkill(pid, 0, 0));
    EDGE(lx_tgkill(0, pid, 0));
    EDGE(lx_tgkill(lx_getpid(), pid, 0));
    EDGE(lx_tgkill(pid, pid, 0));
    EDGE(lx_kill(pid, 64));
    EDGE(lx_waitpid(pid, NULL, 0) - pid);
    EDGE(lx_kill(pid, 0));
    pid = child_that(exits_with_3);
    lx_nanosleep(&(uint32_t[]){0, 50000000}, NULL); /* it has ended then */
    EDGE(lx_kill(pid, 0));
    lx_waitpid(pid, NULL, 0);
}

static void edges_of_execve(void)
{
    static const char long_name[5000] = {[0 ... 4998] = 'a'};
    static const char *const none[] = {NULL}, *const bad[] = {"a", NOWHERE, NULL};
    EDGE(lx_execve("", none, none));
    EDGE(lx_execve("/no/such/program", none, none));
    EDGE(lx_execve(NULL, none, none));
    EDGE(lx_execve(NOWHERE, none, none));
    EDGE(lx_execve(long_name, none, none));
    EDGE(lx_execve("./linuxedges", NOWHERE, none));
    EDGE(lx_execve("./linuxedges", none, NOWHERE));
    EDGE(lx_execve("./linuxedges", bad, none));
    EDGE(lx_execve("./linuxedges", none, bad));
    EDGE(lx_execve("/no/such/program", NOWHERE, none));
}

static void edges_of_clone(void)
{
    static uint32_t stack[64];
    const struct linux_user_desc desc = {13, 0, 0xFFFFF, LINUX_TLS_FLAT};
    void *top = &stack[63];
    stack[63] = (uint32_t)(uintptr_t)exits_with_3;
    EDGE(clone_onto(LINUX_CLONE_SIGHAND, top, NULL, NULL));
    EDGE(clone_onto(LINUX_CLONE_THREAD, top, NULL, NULL));
    EDGE(clone_onto(LINUX_CLONE_THREAD | LINUX_CLONE_VM, top, NULL, NULL));
    EDGE(clone_onto(LINUX_CLONE_THREAD | LINUX_CLONE_SIGHAND, top, NULL, NULL));
    EDGE(clone_onto(LINUX_CLONE_SETTLS, top, NOWHERE, NULL));
    EDGE(clone_onto(LINUX_CLONE_FS | 0x20000, top, NULL, NULL));
    EDGE(lx_set_thread_area(NOWHERE));
    EDGE(lx_set_thread_area(&desc));
    EDGE(lx_set_tid_address(NOWHERE) - lx_getpid());
}

static void edges_of_futex(void)
{
    static uint32_t word = 5;
    static const uint32_t tick[2] = {0, 10000000}, bad[2] = {0, 1000000000}, negative[2] = {UINT32_MAX, 0};
    EDGE(lx_futex(&word, 0x80, 4, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x80, 5, tick, NULL, 0));
    EDGE(lx_futex(&word, 0x80, 5, bad, NULL, 0));
    EDGE(lx_futex(&word, 0x80, 5, negative, NULL, 0));
    EDGE(lx_futex(&word, 0x80, 5, NOWHERE, NULL, 0));
    EDGE(lx_futex(&word, 0x80, 4, NOWHERE, NULL, 0));
    EDGE(lx_futex(NULL, 0x80, 0, NULL, NULL, 0));
    EDGE(lx_futex(NULL, 0, 0, NULL, NULL, 0));
    EDGE(lx_futex((char *)&word + 2, 0x80, 5, NULL, NULL, 0));
    EDGE(lx_futex((void *)TOP, 0x80, 5, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x81, 0, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x81, UINT32_MAX, NULL, NULL, 0));
    EDGE(lx_futex(NOWHERE, 0x81, 1, NULL, NULL, 0));
    EDGE(lx_futex(NOWHERE, 1, 1, NULL, NULL, 0));
    EDGE(lx_futex((void *)9, 0x81, 1, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x82, 1, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x83, 1, NULL, &word, 0));
    EDGE(lx_futex(&word, 0x83, UINT32_MAX, NULL, &word, 0));
    EDGE(lx_futex(&word, 0x83, 1, NULL, (char *)&word + 1, 0));
    EDGE(lx_futex(&word, 0x84, 1, NULL, &word, 5));
    EDGE(lx_futex(&word, 0x84, 1, NULL, &word, 6));
    EDGE(lx_futex(&word, 0x89, 5, tick, NULL, UINT32_MAX));
    EDGE(lx_futex(&word, 0x89, 5, tick, NULL, 0));
    EDGE(lx_futex(&word, 0x8A, 5, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x8A, 5, NULL, NULL, UINT32_MAX));
    EDGE(lx_futex(&word, 0x181, 1, NULL, NULL, 0));
    EDGE(lx_futex(&word, 0x7F, 1, NULL, NULL, 0));
}

int linux_main(const struct start *start)
{
    (void)start;
    renew();
    edges_of_brk();
    edges_of_mmap();
    edges_of_munmap();
    edges_of_mprotect();
    edges_of_wait();
    edges_of_waitid();
    edges_of_kill();
    edges_of_execve();
    edges_of_clone();
    edges_of_futex();
    print("linuxedges pass.\n");
    return 0;
}
