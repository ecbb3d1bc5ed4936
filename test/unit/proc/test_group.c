/* SPDX-License-Identifier: MIT */
/*
 * group.c: who may join which group, and that a kill reaches every member.
 */
#include "proc/group.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/terminal.h"

#define PIDS 400
#define INIT 1
#define SELF 250
#define CHILD 251 /* of SELF */
#define OTHER 252
#define NEW 253
#define GROUP 240 /* of CHILD and OTHER */

static struct proc procs[PIDS];
struct proc *init_proc = &procs[INIT];
static int fresh;    /* how many processes a member forks while its group is killed */
static int members;  /* of GROUP, at least; killed ones leave at once */
static int held;     /* how often GROUP was joined, and not left */
static bool pass_on; /* at a point all members are reaped, and NEW founds the group if its number is free */

struct proc *proc_find(int pid)
{
    CHECK(pid < PIDS || pid == 999);
    return pid > 0 && pid < PIDS && procs[pid].pid != 0 ? &procs[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

bool pid_group_exists(int group)
{
    for (int pid = 1; pid < PIDS; pid++)
        if (procs[pid].pid != 0 && procs[pid].group == group)
            return true;
    return false;
}

void pid_group_join(int group)
{
    note("join %d", group);
    held += group == GROUP;
}

bool pid_group_leave(int group)
{
    note("leave %d", group);
    held -= group == GROUP;
    return group == GROUP && members == 0;
}

void terminal_group_gone(int group)
{
    note("gone %d", group);
}

void terminal_set_foreground(int group)
{
    note("foreground %d", group);
}

int do_kill(int pid)
{
    if (procs[pid].killed)
        return -E_KILLED;
    procs[pid].killed = true;
    return 0;
}

static void make(int pid, int parent, int group)
{
    procs[pid] = (struct proc){.magic = PROC_MAGIC, .pid = pid, .parent = &procs[parent], .group = group};
}

static int points;

int sched_point(void)
{
    points++;
    if (fresh > 0)
        make(399 - fresh--, OTHER, GROUP);
    if (pass_on) {
        pass_on = false;
        procs[CHILD].pid = procs[OTHER].pid = 0;
        make(NEW, INIT, held > 0 ? NEW : GROUP);
    }
    return -E_KILLED;
}

static void start(void)
{
    memset(procs, 0, sizeof(procs));
    make(INIT, 0, INIT);
    make(SELF, INIT, SELF);
    make(CHILD, SELF, GROUP);
    make(OTHER, INIT, GROUP);
    current = &procs[SELF];
    fresh = points = held = 0;
    pass_on = false;
    members = 1;
    journal_clear();
}

TEST(a_process_joins_a_group_that_exists)
{
    start();
    CHECK_EQ(group_set(SELF, GROUP), 0);
    CHECK_STEPS("join 240", "leave 250");
    CHECK_EQ(procs[SELF].group, GROUP);
    CHECK_EQ(group_set(0, 0), 0);
    CHECK_STEPS("join 250", "leave 240");
    CHECK_EQ(procs[SELF].group, SELF);
    members = 0;
    CHECK_EQ(group_set(CHILD, 0), 0);
    CHECK_STEPS("join 251", "leave 240", "gone 240");
    CHECK_EQ(procs[CHILD].group, CHILD);
    CHECK_EQ(group_set(CHILD, SELF), 0);
    CHECK_EQ(group_of(CHILD), SELF);
    CHECK_EQ(group_of(0), SELF);
    CHECK_EQ(group_of(OTHER), GROUP);
    CHECK_EQ(group_of(999), -E_BAD_PROC);
}

TEST(others_do_not)
{
    start();
    CHECK_EQ(group_set(-1, GROUP), -E_INVAL);
    CHECK_EQ(group_set(SELF, -1), -E_INVAL);
    CHECK_EQ(group_set(999, -1), -E_INVAL); /* as on Linux, the group is looked at first */
    CHECK_EQ(group_set(999, GROUP), -E_BAD_PROC);
    CHECK_EQ(group_set(OTHER, GROUP), -E_BAD_PROC);
    CHECK_EQ(group_set(SELF, 77), -E_INVAL);
    CHECK_EQ(group_set(SELF, INIT), -E_INVAL);
    CHECK_EQ(group_set(CHILD, CHILD + 1), -E_INVAL);
    CHECK_STR_EQ(journal, "");
}

TEST(the_foreground_group_exists)
{
    start();
    CHECK_EQ(group_set_foreground(GROUP), 0);
    CHECK_STEPS("foreground 240");
    CHECK_EQ(group_set_foreground(77), -E_INVAL);
    CHECK_EQ(group_set_foreground(INIT), -E_INVAL);
    CHECK_STR_EQ(journal, "");
}

TEST(a_kill_reaches_all_members_and_no_one_else)
{
    start();
    fresh = 3;
    CHECK_EQ(group_kill(GROUP), 0);
    for (int pid = 1; pid < PIDS; pid++)
        CHECK_EQ(procs[pid].killed, procs[pid].group == GROUP && procs[pid].pid != 0);
    CHECK_EQ(procs[396].pid, 396);
    CHECK_EQ(procs[398].pid, 398);
    CHECK_EQ(group_kill(GROUP), -E_KILLED); /* all are dying */
    CHECK_EQ(group_kill(INIT), -E_INVAL);
    CHECK_EQ(group_kill(77), -E_INVAL);
    CHECK(!procs[INIT].killed);
}

TEST(a_kill_keeps_the_number_of_its_group_D129)
{
    start();
    pass_on = true;
    CHECK_EQ(group_kill(GROUP), 0);
    CHECK(!procs[NEW].killed);
    CHECK_EQ(held, 0);
    start();
    CHECK_EQ(group_kill(77), -E_INVAL);
    CHECK_EQ(group_kill(INIT), -E_INVAL);
    CHECK_STR_EQ(journal, "");
}

TEST(dying_members_are_passed_a_few_at_a_time_D130)
{
    start();
    for (int pid = 2; pid < PIDS; pid++) {
        make(pid, INIT, GROUP);
        procs[pid].killed = true;
    }
    CHECK_EQ(group_kill(GROUP), -E_KILLED);
    CHECK_EQ(points, 13);
}

TEST(a_kill_lets_others_run_after_a_few)
{
    int next = 1;
    start();
    for (int pid = 2; pid < PIDS; pid++)
        if (pid != SELF)
            make(pid, INIT, GROUP);
    CHECK_EQ(group_kill_some(GROUP, &next), 32);
    CHECK_EQ(next, 34);
    CHECK(procs[33].killed && !procs[34].killed);
    for (int parts = 1; parts <= 12; parts++)
        CHECK_EQ(group_kill_some(GROUP, &next), parts < 12 ? 32 : 13);
    CHECK_EQ(next, 0);
    CHECK(!procs[SELF].killed);
    start();
    CHECK_EQ(group_kill(GROUP), 0);
    CHECK_EQ(points, 2);
}

TEST(the_last_that_leaves_frees_the_terminal)
{
    start();
    group_left(GROUP);
    CHECK_STEPS("leave 240");
    members = 0;
    group_left(GROUP);
    CHECK_STEPS("leave 240", "gone 240");
}
