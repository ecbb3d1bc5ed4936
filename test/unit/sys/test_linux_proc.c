/* SPDX-License-Identifier: MIT */
/*
 * linux_proc.c: what clone and execve ask of ucow, how a process exits, and what a program is told about
 * itself.
 */
#include <setjmp.h>

#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "fs/bootfs.h"
#include "host_exec.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "proc/exit.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "sys/linux.h"

#define PID 300
#define CHILD 301
#define BAD ((struct uaddr){8})
#define NOWHERE ((struct uaddr){0})
#define FLAT 0x51u /* a flat, writable data segment */

struct cpu boot_cpu;
static struct proc self, leader, parent, child;
static struct linux_proc state, leader_state;
static jmp_buf left;
static int answer, await_error;
static bool ending;
static struct linux_thread given; /* to the child, during clone() */
static uint64_t tls;

/* Memory of the program: vectors of 32-bit addresses; these are numbers of strings, from 1 on. */
#define VECTOR(n) ((struct uaddr){0x10000u * (n)})
static uint32_t vectors[3][80];
static const char *strings[100];

static struct uaddr user(const void *at)
{
    return (struct uaddr){(uintptr_t)at};
}

int32_t linux_get(void *to, struct uaddr from, size_t n)
{
    if (from.va == BAD.va)
        return -LINUX_EFAULT;
    if (from.va >= 0x10000 && from.va < 0x40000 && n == 4) { /* an address has 64 bits here */
        *(uintptr_t *)to = vectors[from.va / 0x10000 - 1][from.va % 0x10000 / 4];
        return *(uintptr_t *)to == 99 ? -LINUX_EFAULT : 0;
    }
    memcpy(to, (const void *)from.va, n);
    return 0;
}

int32_t linux_put(struct uaddr to, const void *from, size_t n)
{
    if (to.va == BAD.va)
        return -LINUX_EFAULT;
    memcpy((void *)to.va, from, n);
    return 0;
}

int copy_string_from_user(char *to, struct uaddr from, size_t size)
{
    const char *text = from.va < 100 ? strings[from.va] : (const char *)from.va;
    if (from.va == 98)
        return -E_INVAL;
    if (from.va == 97)
        return -E_NO_MEM;
    if (strlen(text) >= size)
        return -E_TOO_BIG;
    strcpy(to, text);
    return (int)strlen(text);
}

int32_t linux_error(int32_t result)
{
    return result == -E_NO_MEM    ? -LINUX_ENOMEM
           : result == -E_KILLED  ? -LINUX_EINTR
           : result == -E_TOO_BIG ? -LINUX_E2BIG
                                  : result;
}

int32_t linux_ask(enum syscall_number nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    CHECK(c == 0 && d == 0);
    note("%s %x %x", nr == NR_fork ? "fork" : nr == NR_clone ? "clone" : "?", a, b);
    if (nr == NR_clone)
        given = *state.child;
    return answer;
}

void linux_end_process(struct linux_end end)
{
    note("end process %d %d %d %d", (int)end.reason, end.code, end.trap, end.signal);
}

void do_exit(enum exit_reason reason, int code)
{
    note("exit %s %d", reason == EXIT_CALL ? "call" : reason == EXIT_KILL ? "kill" : "?", code);
    longjmp(left, 1);
}

void linux_clear_tid(void)
{
    note("clear tid");
}

int linux_await_threads(int *code)
{
    note("await %d", *code);
    *code += 40;
    return await_error;
}

uint64_t gdt_tls_descriptor(uint32_t base)
{
    return 1ull << 40 | base;
}

void linux_set_tls(uint64_t descriptor)
{
    tls = descriptor;
}

bool linux_is_ending(void)
{
    return ending;
}

struct proc *proc_find(int pid)
{
    return pid == CHILD ? &child : NULL;
}

void linux_thread_add(struct proc *thread)
{
    CHECK(thread == &child && state.child == NULL);
    note("thread");
}

struct bootfs_file *bootfs_find(const char *name)
{
    static struct bootfs_file file;
    note("find %s", name);
    return strcmp(name, "prog") == 0 ? &file : NULL;
}

int do_execve(const char *name, const struct exec_args *args)
{
    note("exec %s %d %d %zu", name, args->argc, args->envc, args->bytes);
    for (int i = 0; i < args->argc + args->envc && i < 6; i++)
        note("%s", args->strings + args->start[i]);
    return answer;
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){.slots = 5, .free = 3};
}

int32_t linux_time(struct uaddr to)
{
    CHECK_EQ(to.va, 0);
    return 77;
}

size_t page_total_count(void)
{
    return 1000;
}

size_t page_free_count(void)
{
    return 600;
}

size_t proc_count(void)
{
    return 300;
}

void linux_random(void *to, size_t n)
{
    CHECK(n > 0 && n <= 64);
    memset(to, 0x5A, n);
}

static int points; /* a kill comes at the last of them */

int sched_point(void)
{
    return --points == 0 ? -E_KILLED : 0;
}

static void start(void)
{
    self = (struct proc){.pid = PID, .linux_state = &state};
    leader = (struct proc){.pid = 290, .linux_state = &leader_state, .parent = &parent};
    parent = (struct proc){.pid = 280};
    state = (struct linux_proc){.self = &self, .leader = &self, .thread.tls = 5};
    leader_state = (struct linux_proc){.self = &leader, .leader = &leader};
    current = &self;
    answer = await_error = points = 0;
    ending = no_memory = false;
    tls = 0;
    given = (struct linux_thread){9, 9, 9};
    memset(vectors, 0, sizeof(vectors));
    journal_clear();
}

#define EXITS(call)        \
    if (setjmp(left) == 0) \
    call

TEST(exit_has_eight_bits)
{
    start();
    EXITS(linux_exit_group(0x1203));
    CHECK_STEPS("end process 0 3 0 0", "exit call 3");
    EXITS(linux_exit(0x1203));
    CHECK_STEPS("clear tid", "await 3", "exit call 43");
    await_error = -E_KILLED;
    EXITS(linux_exit(-1));
    CHECK_STEPS("clear tid", "await 255", "exit kill -9");
}

TEST(fork_is_ucows)
{
    start();
    answer = CHILD;
    CHECK_EQ(linux_fork(), CHILD);
    answer = -E_NO_MEM;
    CHECK_EQ(linux_vfork(), -LINUX_ENOMEM);
    CHECK_STEPS("fork 0 0", "fork 0 0");
}

TEST(a_descriptor_for_tls)
{
    struct linux_user_desc desc = {UINT32_MAX, 0x1234, 0xFFFFF, FLAT};
    start();
    CHECK_EQ(linux_set_thread_area(user(&desc)), -LINUX_ESRCH); /* it has one */
    state.thread.tls = 0;
    CHECK_EQ(linux_set_thread_area(user(&desc)), 0);
    CHECK(tls == (1ull << 40 | 0x1234) && desc.entry == 12);
    state.thread.tls = 5;
    desc.base = 0x5678;
    desc.bits |= 0x80; /* means nothing */
    CHECK_EQ(linux_set_thread_area(user(&desc)), 0);
    CHECK_EQ(tls, 1ull << 40 | 0x5678);
    tls = 0;
    desc.entry = 13;
    CHECK_EQ(linux_set_thread_area(user(&desc)), -LINUX_EINVAL);
    desc.entry = 12;
    for (unsigned bit = 0; bit < 7; bit++) {
        desc.bits = FLAT ^ 1u << bit;
        CHECK_EQ(linux_set_thread_area(user(&desc)), -LINUX_EINVAL);
    }
    desc.bits = FLAT;
    desc.limit = 0xFFFFE;
    CHECK_EQ(linux_set_thread_area(user(&desc)), -LINUX_EINVAL);
    CHECK_EQ(linux_set_thread_area(BAD), -LINUX_EFAULT);
    CHECK_EQ(tls, 0);
}

#define VM LINUX_CLONE_VM
#define SIGHAND LINUX_CLONE_SIGHAND
#define THREAD LINUX_CLONE_THREAD

static int32_t clone(uint32_t flags)
{
    int32_t pid = linux_clone(flags, 0x700, NOWHERE, NOWHERE, (struct uaddr){0x900});
    CHECK(state.child == NULL);
    return pid;
}

TEST(clone_asks_for_a_fork_that_shares_or_copies)
{
    start();
    answer = CHILD;
    CHECK_EQ(clone(17), CHILD);
    CHECK_STEPS("clone 0 700");
    CHECK(given.tls == 5 && given.set_tid == 0 && given.clear_tid == 0);
    CHECK_EQ(clone(VM | LINUX_CLONE_CHILD_SETTID), CHILD);
    CHECK_STEPS("clone 100 700");
    CHECK(given.set_tid == 0x900 && given.clear_tid == 0);
    CHECK_EQ(clone(VM | LINUX_CLONE_VFORK | LINUX_CLONE_CHILD_CLEARTID), CHILD);
    CHECK_STEPS("clone 0 700");
    CHECK(given.set_tid == 0 && given.clear_tid == 0x900);
    CHECK_EQ(clone(VM | SIGHAND | THREAD), CHILD);
    CHECK_STEPS("clone 100 700", "thread");
    answer = -E_NO_MEM;
    CHECK_EQ(clone(VM | SIGHAND | THREAD | LINUX_CLONE_PARENT_SETTID), -LINUX_ENOMEM);
    CHECK_STEPS("clone 100 700");
    ending = true;
    CHECK_EQ(clone(VM | SIGHAND | THREAD), -LINUX_EAGAIN);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(clone(17), -LINUX_ENOMEM);
    CHECK_STEPS("clone 0 700");
}

TEST(clone_writes_the_pid_and_sets_tls)
{
    struct linux_user_desc desc = {12, 0x1234, 0xFFFFF, FLAT};
    int32_t pid = 0;
    start();
    answer = CHILD;
    CHECK_EQ(linux_clone(LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_SETTLS, 0, user(&pid), user(&desc), NOWHERE),
             CHILD);
    CHECK(pid == CHILD && given.tls == (1ull << 40 | 0x1234));
    CHECK_EQ(linux_clone(LINUX_CLONE_PARENT_SETTID, 0, BAD, BAD, BAD), CHILD);
    journal_clear();
    desc.entry = UINT32_MAX;
    CHECK_EQ(linux_clone(LINUX_CLONE_SETTLS, 0, NOWHERE, user(&desc), NOWHERE), -LINUX_EINVAL);
    CHECK_EQ(linux_clone(LINUX_CLONE_SETTLS, 0, NOWHERE, BAD, NOWHERE), -LINUX_EFAULT);
    CHECK_STR_EQ(journal, "");
}

TEST(clone_refuses_flags_that_it_does_not_know)
{
    start();
    answer = CHILD;
    const uint32_t known = 0xFF | VM | 0x200 | 0x400 | SIGHAND | 0x4000 | THREAD | 0x40000 | 0x80000 |
                           0x100000 | 0x200000 | 0x400000 | 0x1000000;
    for (unsigned bit = 0; bit < 32; bit++)
        if ((known & 1u << bit) == 0)
            CHECK_EQ(clone(VM | 1u << bit), -LINUX_EINVAL);
    CHECK_EQ(clone(SIGHAND), -LINUX_EINVAL);
    CHECK_EQ(clone(VM | THREAD), -LINUX_EINVAL);
    CHECK_EQ(clone(SIGHAND | THREAD), -LINUX_EINVAL);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(clone(VM | SIGHAND | 0x640600 | 0xFF), CHILD);
}

static int32_t execute(const char *path)
{
    return linux_execve(user(path), VECTOR(1), VECTOR(2));
}

TEST(execve_takes_both_vectors)
{
    start();
    strings[1] = "prog", strings[2] = "arg", strings[3] = "A=b";
    vectors[0][0] = 1, vectors[0][1] = 2;
    vectors[1][0] = 3;
    CHECK_EQ(execute("/bin/prog"), 0);
    CHECK_STEPS("find prog", "kmalloc", "exec prog 2 1 13", "prog", "arg", "A=b", "kfree");
    answer = -E_NO_MEM;
    CHECK_EQ(linux_execve(user("prog"), NOWHERE, NOWHERE), -LINUX_ENOMEM);
    CHECK_STEPS("find prog", "kmalloc", "exec prog 0 0 0", "kfree");
}

TEST(execve_has_64_strings)
{
    start();
    strings[1] = "x";
    for (int i = 0; i < 60; i++)
        vectors[0][i] = 1;
    for (int i = 0; i < 4; i++)
        vectors[1][i] = 1;
    CHECK_EQ(execute("prog"), 0);
    CHECK_STEPS("find prog", "kmalloc", "exec prog 60 4 128", "x", "x", "x", "x", "x", "x", "kfree");
    vectors[1][4] = 1;
    CHECK_EQ(execute("prog"), -LINUX_E2BIG);
    CHECK_STEPS("find prog", "kmalloc", "kfree");
}

TEST(execve_fails)
{
    static char longest[128];
    start();
    memset(longest, '/', sizeof(longest) - 1);
    CHECK_EQ(execute(longest), -LINUX_ENOENT);
    CHECK_STEPS("find ");
    CHECK_EQ(execute("a/prog/b"), -LINUX_ENOENT);
    CHECK_STEPS("find b");
    CHECK_EQ(linux_execve((struct uaddr){98}, VECTOR(1), VECTOR(2)), -LINUX_EFAULT);
    CHECK_EQ(linux_execve((struct uaddr){97}, VECTOR(1), VECTOR(2)), -LINUX_ENOMEM);
    static char too_long[129];
    memset(too_long, 'x', sizeof(too_long) - 1);
    CHECK_EQ(execute(too_long), -LINUX_ENAMETOOLONG);
    CHECK_STR_EQ(journal, "");
    for (int vector = 0; vector < 2; vector++) {
        static const struct {
            uint32_t string;
            int32_t error;
        } bad[] = {{98, -LINUX_EFAULT}, {97, -LINUX_ENOMEM}, {99, -LINUX_EFAULT}};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
            vectors[vector][0] = bad[i].string;
            CHECK_EQ(execute("prog"), bad[i].error);
            CHECK_STEPS("find prog", "kmalloc", "kfree");
        }
        vectors[vector][0] = 0;
    }
    no_memory = true;
    CHECK_EQ(execute("prog"), -LINUX_ENOMEM);
    CHECK_STEPS("find prog", "kmalloc");
    state.leader = &leader;
    CHECK_EQ(execute("prog"), -LINUX_ENOSYS);
    CHECK_STR_EQ(journal, "");
}

TEST(a_thread_has_the_pid_of_its_leader)
{
    start();
    state.leader = &leader;
    CHECK_EQ(linux_getpid(), 290);
    CHECK_EQ(linux_gettid(), PID);
    CHECK_EQ(linux_getppid(), 280);
    leader.parent = &self; /* a thread of the parent made it */
    state.leader = &leader;
    CHECK_EQ(linux_getppid(), 290);
    CHECK_EQ(linux_set_tid_address((struct uaddr){0x900}), PID);
    CHECK_EQ(state.thread.clear_tid, 0x900);
    CHECK(linux_getuid() == 0 && linux_getgid() == 0 && linux_geteuid() == 0 && linux_getegid() == 0);
    CHECK(linux_getuid32() == 0 && linux_getgid32() == 0 && linux_geteuid32() == 0 && linux_getegid32() == 0);
}

TEST(the_system_is_described)
{
    struct linux_utsname names = {.sysname = ""};
    struct linux_sysinfo info = {.unit = 9};
    CHECK_EQ(linux_uname(user(&names)), 0);
    CHECK_STR_EQ(names.sysname, "Linux");
    CHECK_STR_EQ(names.machine, "i686");
    CHECK_EQ(linux_uname(BAD), -LINUX_EFAULT);
    CHECK_EQ(linux_sysinfo(user(&info)), 0);
    CHECK(info.uptime == 77 && info.total_ram == 1000 * PAGE_SIZE && info.free_ram == 600 * PAGE_SIZE);
    CHECK(info.total_swap == 5 * PAGE_SIZE && info.free_swap == 3 * PAGE_SIZE && info.processes == 300 &&
          info.unit == 1);
    CHECK(info.shared_ram == 0 && info.total_high == 0);
    CHECK_EQ(linux_sysinfo(BAD), -LINUX_EFAULT);
}

TEST(random_bytes_come_in_pieces)
{
    static uint8_t bytes[202];
    for (uint32_t n = 0; n <= 200; n += 50) {
        start();
        memset(bytes, 0, sizeof(bytes));
        CHECK_EQ(linux_getrandom(user(bytes + 1), n, 7), (int32_t)n);
        for (size_t i = 0; i < sizeof(bytes); i++)
            CHECK_EQ(bytes[i], i >= 1 && i <= n ? 0x5A : 0);
    }
    CHECK_EQ(linux_getrandom(user(bytes), 8, 8), -LINUX_EINVAL);
    CHECK_EQ(linux_getrandom(BAD, 8, 0), -LINUX_EFAULT);
    points = 1;
    CHECK_EQ(linux_getrandom(user(bytes), 100, 0), -LINUX_EINTR);
    points = 2;
    CHECK_EQ(linux_getrandom(user(bytes), 100, 0), 64);
}
