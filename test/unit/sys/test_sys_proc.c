/* SPDX-License-Identifier: MIT */
/*
 * sys_proc.c: arguments of calls about processes, what they copy to and from a program, and what they leave
 * as it is after an error.
 */
#include <stdlib.h>

#include <ucow/errno.h>

#include "fs/bootfs.h"
#include "host_exec.h"
#include "host_sched.h"
#include "host_wait.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "proc/abi.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/group.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/sleep.h"
#include "sys/syscall.h"
#include "watch/ledger.h"

#define BAD ((struct uaddr){8})
#define NOWHERE ((struct uaddr){0})
#define ARGV ((struct uaddr){0x10000})
#define PIDS 400

static struct proc self, parent;
static struct mm mm;
static const struct abi ucow_abi, linux_abi;
static int points;
static uint32_t argv[80]; /* numbers of strings, from 1 on */
static const char *strings[80];
static struct bootfs_file files[300];

static struct uaddr user(const void *at)
{
    return (struct uaddr){(uintptr_t)at};
}

int copy_to_user(struct uaddr to, const void *from, size_t n)
{
    if (to.va == BAD.va)
        return -E_INVAL;
    memcpy((void *)to.va, from, n);
    return 0;
}

int copy_from_user(void *to, struct uaddr from, size_t n)
{
    CHECK(n == 4 && from.va >= ARGV.va && from.va < ARGV.va + sizeof(argv));
    *(uintptr_t *)to = argv[(from.va - ARGV.va) / 4]; /* an address has 64 bits here */
    return *(uintptr_t *)to == 79 ? -E_INVAL : 0;
}

int copy_string_from_user(char *to, struct uaddr from, size_t size)
{
    if (from.va == 78 || from.va == BAD.va)
        return -E_INVAL;
    const char *text = from.va < 80 ? strings[from.va] : (const char *)from.va;
    if (strlen(text) >= size)
        return -E_TOO_BIG;
    strcpy(to, text);
    return (int)strlen(text);
}

void do_exit(enum exit_reason reason, int code)
{
    printf("exit for reason %d with %d\n", reason, code);
    CHECK(!unit_in_copy);
    abort();
}

int do_fork(uint32_t flags, uintptr_t stack)
{
    note("fork %x %x", flags, (unsigned)stack);
    return 301;
}

unsigned rules_wait; /* 1: the rules are checked, which is seldom so */

bool rules_begin(void)
{
    return true;
}

void do_reap(struct proc *zombie)
{
    CHECK_EQ(zombie, &child);
    note("reap");
}

void sched_yield(void)
{
    note("yield");
}

void sched_set_priority(uint32_t priority)
{
    note("priority %u", priority);
}

int do_sleep(uint32_t ticks)
{
    note("sleep %u", ticks);
    return error;
}

int do_kill(int pid)
{
    note("kill %d", pid);
    return error;
}

int group_kill(int group)
{
    note("kill group %d", group);
    return error;
}

int group_set(int pid, int group)
{
    note("set group %d %d", pid, group);
    return error;
}

int group_of(int pid)
{
    return pid + 1;
}

int group_set_foreground(int group)
{
    note("foreground %d", group);
    return error;
}

uint64_t timer_ticks(void)
{
    return 0x500000007;
}

int do_execve(const char *name, const struct exec_args *args)
{
    note("exec %s %d %d %zu", name, args->argc, args->envc, args->bytes);
    for (int i = 0; i < args->argc && i < 4; i++)
        note("%s", args->strings + args->start[i]);
    return error;
}

size_t bootfs_count(void)
{
    return ARRAY_SIZE(files);
}

struct bootfs_file *bootfs_at(size_t i)
{
    CHECK(i < ARRAY_SIZE(files));
    return &files[i];
}

bool abi_is_linux(const struct abi *abi)
{
    return abi == &linux_abi;
}

size_t mm_page_count(struct mm *what)
{
    CHECK(what == &mm && !spin_is_held(&sched_lock));
    return 70000;
}

int pid_limit(void)
{
    return PIDS;
}

struct proc *proc_find(int pid)
{
    CHECK(pid >= 0 && pid < PIDS);
    return pid == 200 ? &parent : pid == 300 ? &self : pid == 399 ? &child : NULL;
}

size_t proc_count(void)
{
    return 333;
}

int sched_point(void)
{
    return --points == 0 ? -E_KILLED : 0;
}

void swap_read_info(struct swap_info *info)
{
    *info = (struct swap_info){.slots = 11, .free = 12, .reads = 13, .writes = 14};
}

size_t page_total_count(void)
{
    return 1;
}

size_t page_free_count(void)
{
    return 2;
}

size_t page_owner_count(enum page_owner owner)
{
    return 100 + (size_t)owner;
}

size_t kmem_used_bytes(void)
{
    return 3;
}

size_t ledger_count(void)
{
    return 300;
}

void ledger_read(size_t i, struct ledger_info *info)
{
    CHECK(i < 300);
    memset(info, 0, sizeof(*info));
    snprintf(info->name, sizeof(info->name), "account %zu", i);
}

/* What calls before have left where the next one has its variables. */
__attribute__((noinline)) static void leave_bytes_on_the_stack(void)
{
    volatile uint8_t bytes[8192];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = 0x99;
}

static void start(void)
{
    parent = (struct proc){
        .magic = PROC_MAGIC, .pid = 200, .name = "parent", .state = PROC_SLEEPING, .abi = &ucow_abi};
    self = (struct proc){.magic = PROC_MAGIC,
                         .pid = 300,
                         .name = "self",
                         .parent = &parent,
                         .mm = &mm,
                         .runs = 9,
                         .state = PROC_RUNNING,
                         .abi = &linux_abi};
    child = (struct proc){.magic = PROC_MAGIC,
                          .pid = 399,
                          .name = "child",
                          .parent = &self,
                          .state = PROC_ZOMBIE,
                          .killed = true,
                          .exit_code = -77,
                          .exit_reason = EXIT_FAULT,
                          .abi = &ucow_abi};
    current = &self;
    error = points = 0;
    has_ended = true;
    no_memory = false;
    memset(argv, 0, sizeof(argv));
    locks_held = (struct locks_held){.classes = LOCKS_ALWAYS};
    host_interrupts_on = true;
    journal_clear();
}

TEST(exit_has_the_programs_code)
{
    char words[60];
    snprintf(words, sizeof(words), "exit for reason %d with 77\n", EXIT_CALL);
    CHECK(PANICS(words, sys_exit(77)));
}

TEST(fork_and_clone)
{
    start();
    CHECK_EQ(sys_fork(), 301);
    CHECK_EQ(sys_clone(0x100, 0x700), 301);
    CHECK_STEPS("fork 0 0", "fork 100 700");
}

TEST(a_zombie_that_stays_is_reported)
{
    start();
    CHECK(PANICS("tells of the end of pid 399, but does not free it: do_reap()", {
        rules_wait = 1;
        sys_wait(5, NOWHERE);
    }));
}

TEST(a_zombie_whose_code_cannot_be_written_stays)
{
    int32_t code = 0, pid = 0;
    start();
    CHECK_EQ(sys_wait(5, user(&code)), 0);
    CHECK_STEPS("wait 5", "reap");
    CHECK_EQ(code, -77);
    CHECK_EQ(sys_wait(5, NOWHERE), 0);
    CHECK_STEPS("wait 5", "reap");
    CHECK_EQ(sys_wait(5, BAD), -E_INVAL);
    CHECK_STEPS("wait 5");
    code = 0;
    CHECK_EQ(sys_waitany(user(&pid), user(&code), 0), 0);
    CHECK_STEPS("wait 0", "reap");
    CHECK(pid == 399 && code == -77);
    CHECK_EQ(sys_waitany(BAD, user(&code), 0), -E_INVAL);
    CHECK_EQ(sys_waitany(user(&pid), BAD, 0), -E_INVAL);
    CHECK_STEPS("wait 0", "wait 0");
    CHECK_EQ(sys_waitany(NOWHERE, NOWHERE, WNOHANG), 0);
    CHECK_STEPS("look 0", "reap");
    has_ended = false;
    CHECK_EQ(sys_waitany(NOWHERE, NOWHERE, WNOHANG), 1);
    CHECK_STEPS("look 0");
    error = -E_BAD_PROC;
    CHECK_EQ(sys_waitany(user(&pid), user(&code), WNOHANG), -E_BAD_PROC);
    CHECK_EQ(sys_wait(5, user(&code)), -E_BAD_PROC);
    CHECK_STEPS("look 0", "wait 5");
    CHECK_EQ(sys_waitany(user(&pid), user(&code), WNOHANG << 1), -E_INVAL);
    CHECK_EQ(sys_waitany(user(&pid), user(&code), WNOHANG | WNOHANG << 1), -E_INVAL);
    CHECK_STR_EQ(journal, "");
}

TEST(small_calls_pass_their_arguments_on)
{
    start();
    CHECK_EQ(sys_yield(), 0);
    CHECK_EQ(sys_setpriority(0), 0);
    CHECK_EQ(sys_setpriority(1), 0);
    CHECK_EQ(sys_setpriority(PRIORITY_MAX), 0);
    CHECK_EQ(sys_setpriority(PRIORITY_MAX + 1), -E_INVAL);
    CHECK_EQ(sys_sleep(70), 0);
    CHECK_EQ(sys_kill(0), 0);
    CHECK_EQ(sys_kill(5), 0);
    CHECK_EQ(sys_kill(-5), 0);
    CHECK_EQ(sys_kill(INT32_MIN), -E_INVAL);
    CHECK_EQ(sys_kill(-INT32_MAX), 0);
    CHECK_EQ(sys_setpgid(6, 7), 0);
    CHECK_EQ(sys_tcsetpgrp(8), 0);
    char most[30];
    snprintf(most, sizeof(most), "priority %u", (unsigned)PRIORITY_MAX);
    CHECK_STEPS("yield", "priority 1", "priority 1", most, "sleep 70", "kill 0", "kill 5", "kill group 5",
                "kill group 2147483647", "set group 6 7", "foreground 8");
    CHECK_EQ(sys_getpgid(6), 7);
    CHECK_EQ(sys_gettime(), 7);
    CHECK_EQ(sys_getpid(), 300);
    CHECK_EQ(sys_getppid(), 200);
}

static int32_t execute(int32_t argc)
{
    return sys_exec(user("prog"), argc, ARGV);
}

TEST(exec_copies_the_arguments)
{
    start();
    strings[1] = "prog";
    strings[2] = "an argument";
    argv[0] = 1;
    argv[1] = 2;
    leave_bytes_on_the_stack();
    CHECK_EQ(execute(2), 0);
    CHECK_STEPS("kmalloc", "exec prog 2 0 17", "prog", "an argument", "kfree");
    CHECK_EQ(execute(0), 0);
    CHECK_STEPS("kmalloc", "exec prog 0 0 0", "kfree");
    error = -E_NOENT;
    CHECK_EQ(execute(1), -E_NOENT);
    CHECK_STEPS("kmalloc", "exec prog 1 0 5", "prog", "kfree");
    for (int i = 0; i < EXEC_MAX_ARGS; i++)
        argv[i] = 1;
    error = 0;
    CHECK_EQ(execute(EXEC_MAX_ARGS), 0);
    CHECK_STEPS("kmalloc", "exec prog 64 0 320", "prog", "prog", "prog", "prog", "kfree");
}

TEST(exec_refuses_what_does_not_fit)
{
    static char text[EXEC_MAX_BYTES + 1];
    start();
    CHECK_EQ(execute(EXEC_MAX_ARGS + 1), -E_TOO_BIG);
    CHECK_EQ(execute(-1), -E_INVAL);
    CHECK_EQ(sys_exec(BAD, 1, ARGV), -E_INVAL);
    memset(text, 'x', PROC_NAME_SIZE);
    CHECK_EQ(sys_exec(user(text), 1, ARGV), -E_NOENT);
    CHECK_STR_EQ(journal, "");
    no_memory = true;
    CHECK_EQ(execute(0), -E_NO_MEM);
    CHECK_STEPS("kmalloc");
    no_memory = false;
    argv[1] = 79;
    strings[1] = "prog";
    argv[0] = 1;
    CHECK_EQ(execute(2), -E_INVAL);
    argv[1] = 78;
    CHECK_EQ(execute(2), -E_INVAL);
    CHECK_STEPS("kmalloc", "kfree", "kmalloc", "kfree");
    memset(text, 'x', EXEC_MAX_BYTES - 1);
    strings[2] = text;
    argv[0] = 2;
    CHECK_EQ(execute(1), 0);
    journal_clear();
    argv[1] = 1;
    CHECK_EQ(execute(2), -E_TOO_BIG);
    CHECK_STEPS("kmalloc", "kfree");
}

TEST(programs_are_listed_in_parts)
{
    struct program_info info[4];
    start();
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        files[i].size = 70000 + i;
        snprintf(files[i].name, sizeof(files[i].name), "file %zu", i);
    }
    memset(info, 0x99, sizeof(info));
    leave_bytes_on_the_stack();
    CHECK_EQ(sys_programs(user(info), 3, 290), 300);
    CHECK_STR_EQ(info[0].name, "file 290");
    CHECK_STR_EQ(info[2].name, "file 292");
    CHECK_EQ(info[2].bytes, 70292);
    CHECK_EQ((uint8_t)info[3].name[0], 0x99);
    for (size_t i = strlen(info[0].name); i < sizeof(info[0].name); i++)
        CHECK_EQ(info[0].name[i], 0); /* nothing of the kernel's stack */
    CHECK_EQ(sys_programs(user(info), 4, 299), 300);
    CHECK_STR_EQ(info[0].name, "file 299");
    CHECK_STR_EQ(info[1].name, "file 291");
    CHECK_EQ(sys_programs(BAD, 0, 0), 300);
    CHECK_EQ(sys_programs(BAD, 1, 300), 300);
    CHECK_EQ(sys_programs(BAD, 1, 0x10000), 300);
    CHECK_EQ(sys_programs(BAD, 1, UINT32_MAX), 300);
    CHECK_EQ(sys_programs(BAD, 1, 299), -E_INVAL);
}

TEST(processes_are_listed_in_parts)
{
    struct proc_info info[4];
    start();
    memset(info, 0x99, sizeof(info));
    CHECK_EQ(sys_procs(user(info), 4, 0), 333);
    CHECK(info[0].pid == 200 && info[0].parent == 0 && info[0].state == PROC_SLEEPING && info[0].pages == 0);
    CHECK(info[1].pid == 300 && info[1].parent == 200 && info[1].state == PROC_RUNNING &&
          info[1].pages == 70000);
    CHECK(info[1].runs == 9 && info[1].linux_calls && !info[0].linux_calls && !info[1].killed);
    CHECK(info[2].pid == 399 && info[2].parent == 300 && info[2].killed && info[2].exit_code == -77);
    CHECK_EQ(info[2].exit_reason, EXIT_FAULT);
    CHECK_STR_EQ(info[1].name, "self");
    CHECK_EQ(info[3].pid, (int)0x99999999);
    CHECK(!spin_is_held(&sched_lock) && host_interrupts_on);
    CHECK_EQ(sys_procs(user(info), 1, 201), 333);
    CHECK(info[0].pid == 300 && info[1].pid == 300);
    CHECK_EQ(sys_procs(BAD, 1, PIDS), 333);
    CHECK_EQ(sys_procs(BAD, 1, UINT32_MAX), 333);
    CHECK_EQ(sys_procs(BAD, 0, 0), 333);
    CHECK_EQ(sys_procs(BAD, 1, 399), -E_INVAL);
    points = 3;
    CHECK_EQ(sys_procs(user(info), 4, 0), -E_KILLED);
}

TEST(memory_is_described)
{
    struct mem_info info = {0};
    start();
    CHECK_EQ(sys_meminfo(user(&info)), 0);
    CHECK(info.total == 1 && info.free == 2 && info.heap_bytes == 3 && info.processes == 333);
    CHECK(info.user == 100 + PAGE_USER && info.pgtables == 100 + PAGE_PGTABLE &&
          info.kstacks == 100 + PAGE_KSTACK);
    CHECK(info.cache == 100 + PAGE_CACHE && info.heap == 100 + PAGE_HEAP && info.shared == 100 + PAGE_SHARED);
    CHECK(info.swap_total == 11 && info.swap_free == 12 && info.swap_in == 13 && info.swap_out == 14);
    CHECK_EQ(sys_meminfo(BAD), -E_INVAL);
}

TEST(accounts_are_listed_in_parts)
{
    struct ledger_info info[3];
    memset(info, 0x99, sizeof(info));
    CHECK_EQ(sys_ledger(user(info), 2, 290), 300);
    CHECK_STR_EQ(info[0].name, "account 290");
    CHECK_STR_EQ(info[1].name, "account 291");
    CHECK_EQ((uint8_t)info[2].name[0], 0x99);
    CHECK_EQ(sys_ledger(user(info), 3, 299), 300);
    CHECK_STR_EQ(info[0].name, "account 299");
    CHECK_STR_EQ(info[1].name, "account 291");
    CHECK_EQ(sys_ledger(BAD, 0, 0), 300);
    CHECK_EQ(sys_ledger(BAD, 1, 299), -E_INVAL);
}
