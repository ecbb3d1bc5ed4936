/* SPDX-License-Identifier: MIT */
/*
 * proc_rules.c: each rule, broken by one field of a process, and what the report says. Those of the running
 * process's stack and page directory are broken on the machine only (test/mistakes.toml): the host has
 * others.
 */
#include "proc/proc_rules.h"

#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "host_sched.h"
#include "mm/mm.h"
#include "proc/pid.h"

unsigned cow_countable;

#define PIDS 200
#define AT_ONCE 64  /* processes that are looked at by one call */
#define AT_FIRST 64 /* operations that are checked at first, and after the rehearsal began */
#define REHEARSAL 1024
#define EVERY 61 /* then: one of so many */

uint8_t host_memory[1];
uint32_t host_cr3;
struct tss cpu_tss;
struct proc *init_proc;

static struct proc init = {.pid = 1, .name = "init"}, self, child;
static struct mm mm;
static struct proc *table[PIDS];

struct proc *proc_find(int pid)
{
    CHECK(pid > 0 && pid <= PIDS);
    return pid < PIDS ? table[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

void proc_check_failed(const struct proc *proc)
{
    (void)proc;
    check_failed("no process");
}

static void empty(struct proc *proc)
{
    proc->magic = PROC_MAGIC;
    list_init(&proc->children);
    list_init(&proc->zombies);
    list_init(&proc->child_exited.sleepers);
    list_init(&proc->sibling);
    list_init(&proc->wait_link);
}

/* The current process has ended, and its child. */
static void start(void)
{
    self = (struct proc){
        .pid = 5, .name = "self", .state = PROC_ZOMBIE, .exit_reason = EXIT_CALL, .exit_code = 7};
    child = (struct proc){.pid = 9, .name = "child", .state = PROC_ZOMBIE, .parent = &self};
    empty(&init);
    empty(&self);
    empty(&child);
    init_proc = &init;
    memset(table, 0, sizeof(table));
    rules_idle(true);
    current = &self;
}

TEST(what_is_right_is_not_reported)
{
    start();
    rules_found(0, &child);
    rules_found(9, &child);
    rules_ended(7);
    list_add_head(&init.zombies, &child.sibling);
    rules_ended(7);
}

TEST(what_a_wait_finds)
{
    start();
    CHECK(PANICS("wait of pid 5 \"self\" for pid 8 takes pid 9 \"child\": find_zombie()",
                 rules_found(8, &child)));
    child.state = PROC_RUNNABLE;
    CHECK(
        PANICS("wait of pid 5 \"self\" takes pid 9 \"child\", which has not ended", rules_found(9, &child)));
    child.state = PROC_ZOMBIE;
    child.parent = &init;
    CHECK(PANICS("wait of pid 5 \"self\" takes pid 9 \"child\", which is a child of pid 1:",
                 rules_found(9, &child)));
    child.parent = NULL;
    CHECK(PANICS("which is a child of pid 0:", rules_found(9, &child)));
    child.magic = PROC_MAGIC_DEAD;
    CHECK(PANICS("no process", rules_found(9, &child)));
}

TEST(how_a_process_ends)
{
    start();
    CHECK(PANICS("pid 5 \"self\" ended with exit code 8, but its parent will get 7:", rules_ended(8)));
    self.exit_reason = EXIT_KILL;
    CHECK(PANICS("pid 5 \"self\" was killed, but ends with exit code 7 instead of -9", rules_ended(7)));
    self.kill_signal = 3;
    rules_ended(7);
    self.kill_signal = 0;
    self.exit_code = -E_KILLED;
    rules_ended(-E_KILLED);
    self.mm = &mm;
    CHECK(PANICS("pid 5 \"self\" ended, but its memory was not released", rules_ended(-E_KILLED)));
    self.mm = NULL;
    self.state = PROC_RUNNING;
    CHECK(PANICS("pid 5 \"self\" ended, but its state is not PROC_ZOMBIE", rules_ended(-E_KILLED)));
    self.state = PROC_ZOMBIE;
    list_add_head(&init.child_exited.sleepers, &self.wait_link);
    rules_ended(-E_KILLED);
    list_add_head(&init.zombies, &child.sibling);
    CHECK(
        PANICS("pid 5 \"self\" handed a zombie to init, which still sleeps in wait", rules_ended(-E_KILLED)));
}

static void idle(int calls)
{
    for (int i = 0; i < calls; i++)
        rules_idle(false);
}

TEST(no_process_is_ready_to_run_while_the_machine_idles)
{
    static const int pids[] = {1, AT_ONCE, AT_ONCE + 1, PIDS - 1};

    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        int calls = (pids[i] + AT_ONCE - 1) / AT_ONCE;

        start();
        child.state = PROC_RUNNABLE;
        table[pids[i]] = &child;
        idle(calls - 1);
        CHECK(PANICS("pid 9 \"child\" is ready to run, but the machine idles", idle(1)));
        child.state = PROC_UNINIT;
        CHECK(PANICS("pid 9 \"child\" was never made ready to run: sched_start()", idle(1)));
        rules_idle(true); /* begins again */
        child.state = PROC_RUNNABLE;
        idle(calls - 1);
        CHECK(PANICS("is ready to run", idle(1)));
    }
}

TEST(not_all_may_sleep_in_wait)
{
    start();
    init.state = self.state = child.state = PROC_SLEEPING;
    table[1] = &init;
    table[5] = &self;
    list_add_head(&init.child_exited.sleepers, &init.wait_link);
    list_add_head(&self.child_exited.sleepers, &self.wait_link);
    CHECK(PANICS("no process can run any more: each sleeps in wait, the last pid 1 \"init\"", idle(4)));
    table[9] = &child; /* sleeps, but not in wait */
    idle(4);
    rules_idle(true);
    child.state = PROC_ZOMBIE;
    list_add_head(&self.zombies, &child.sibling);
    idle(3);
    CHECK(PANICS("pid 5 \"self\" sleeps in wait for ever, although its child pid 9 has ended: find_zombie()",
                 idle(1)));
    table[1] = table[5] = NULL; /* none waits */
    rules_idle(true);
    idle(4);
}

/* How many of the next n operations are checked. */
static unsigned checked(unsigned n)
{
    unsigned due = 0;

    for (unsigned i = 0; i < n; i++)
        due += rules_due();
    return due;
}

TEST(the_first_operations_are_checked_and_then_one_of_61)
{
    CHECK_EQ(checked(AT_FIRST), AT_FIRST);
    CHECK_EQ(checked(1), 1); /* the one that ends the first ones */
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(checked(EVERY - 1), 0);
        CHECK_EQ(checked(1), 1);
    }
    checked(EVERY / 2);
    cow_countable = 0;
    rules_restart();
    CHECK(cow_countable != 0); /* and entries are counted */
    CHECK_EQ(checked(REHEARSAL + 1), REHEARSAL + 1);
    CHECK_EQ(checked(EVERY - 1), 0);
}
