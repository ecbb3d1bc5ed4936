/* SPDX-License-Identifier: MIT */
/*
 * terminal_keys.c: ^C and ^T a little at a time, until all members are told and all processes are printed.
 */
#include "proc/terminal_keys.h"

#include "host_console.h"
#include "journal.h"
#include "mm/mm.h"
#include "proc/group.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sleep.h"

#define PIDS 400
#define GROUP 240

bool host_interrupts_on = true;
static struct proc procs[PIDS];
static struct mm mm;
static const int *kills; /* what the next calls of group_kill_some() return */

uint64_t timer_ticks(void)
{
    return 1234;
}

struct proc *proc_find(int pid)
{
    CHECK(pid > 0 && pid < PIDS);
    return procs[pid].pid != 0 ? &procs[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

size_t mm_page_count(struct mm *what)
{
    CHECK_EQ(what, &mm);
    return 56;
}

static int held; /* groups */

bool group_hold(int group)
{
    held += group != 0;
    return group != 0;
}

void group_left(int group)
{
    CHECK_EQ(group, GROUP);
    held--;
}

int group_kill_some(int group, int *next)
{
    CHECK_EQ(held, 1); /* D129 */
    CHECK_EQ(group, GROUP);
    note("from %d", *next);
    *next = *next == 1 ? 300 : 0;
    return *kills++;
}

/* Go on until nothing is left. Returns how many parts there were. */
static int go_on(void)
{
    int parts = 1;
    while (terminal_go_on())
        CHECK(++parts < 100);
    CHECK(!terminal_go_on());
    CHECK(host_interrupts_on);
    CHECK_EQ(held, 0);
    return parts;
}

TEST(a_group_is_killed_until_a_walk_finds_no_one)
{
    static const int found[] = {0, 2, 3, 0, 0, 0};
    kills = found;
    journal_clear();
    terminal_begin_kill(GROUP);
    CHECK_EQ(go_on(), 6);
    CHECK_STEPS("from 1", "from 300", "from 1", "from 300", "from 1", "from 300");
    CHECK_EQ(kills, found + 6);
}

TEST(a_walk_that_finds_no_one_is_the_last)
{
    static const int found[] = {0, 0};
    kills = found;
    journal_clear();
    terminal_begin_kill(GROUP);
    CHECK_EQ(go_on(), 2);
    CHECK_STEPS("from 1", "from 300");
}

TEST(a_new_kill_forgets_the_last)
{
    static const int found[] = {1, 0, 0};
    kills = found;
    journal_clear();
    terminal_begin_kill(GROUP);
    CHECK(terminal_go_on());
    terminal_begin_kill(GROUP);
    CHECK_EQ(go_on(), 2);
    CHECK_STEPS("from 1", "from 1", "from 300");
}

TEST(a_new_kill_of_no_one_ends_the_last)
{
    static const int found[] = {1};
    kills = found;
    journal_clear();
    terminal_begin_kill(GROUP);
    CHECK(terminal_go_on());
    terminal_begin_kill(0);
    CHECK_EQ(held, 0);
    CHECK(!terminal_go_on());
    CHECK_STEPS("from 1");
}

TEST(without_a_group_no_one_is_killed)
{
    journal_clear();
    terminal_begin_kill(0);
    CHECK(!terminal_go_on());
    CHECK_STR_EQ(journal, "");
}

#define TITLE "processes at tick 1234:\n  pid parent  group state        runs   pages name\n"

TEST(all_processes_are_printed)
{
    memset(procs, 0, sizeof(procs));
    procs[1] = (struct proc){.pid = 1, .group = 1, .state = PROC_SLEEPING, .name = "init", .runs = 7};
    procs[399] = (struct proc){.pid = 399,
                               .group = 240,
                               .state = PROC_ZOMBIE,
                               .name = "last",
                               .parent = &procs[1],
                               .killed = true,
                               .mm = &mm};
    console_clear();
    terminal_begin_status();
    CHECK_STR_EQ(console, TITLE);
    CHECK_EQ(go_on(), 1);
    CHECK_STR_EQ(console, TITLE "    1      0      1 SLEEPING        7       0 init\n"
                                "  399      1    240 ZOMBIE          0      56 last (killed)\n");
}

TEST(sixteen_are_printed_at_once)
{
    char row[60];
    memset(procs, 0, sizeof(procs));
    for (int pid = 301; pid <= 333; pid++)
        procs[pid] = (struct proc){.pid = pid, .group = 1, .state = PROC_RUNNABLE, .name = "many"};
    terminal_begin_status();
    for (int part = 0; part < 3; part++) {
        console_clear();
        CHECK_EQ(terminal_go_on(), part < 2);
        size_t at = 0;
        for (int pid = 301 + 16 * part; pid < 301 + 16 * (part + 1) && pid <= 333; pid++) {
            snprintf(row, sizeof(row), "%5d %6d %6d %-8s %8u %7u %s\n", pid, 0, 1, "RUNNABLE", 0, 0, "many");
            CHECK_EQ(strncmp(console + at, row, strlen(row)), 0);
            at += strlen(row);
        }
        CHECK_EQ(console[at], '\0');
    }
}

TEST(both_go_on_together)
{
    static const int found[] = {0, 0};
    kills = found;
    memset(procs, 0, sizeof(procs));
    terminal_begin_status();
    terminal_begin_kill(GROUP);
    CHECK_EQ(go_on(), 2);
    for (int pid = 301; pid <= 333; pid++)
        procs[pid] = (struct proc){.pid = pid, .state = PROC_RUNNABLE};
    kills = found;
    terminal_begin_status();
    terminal_begin_kill(GROUP);
    CHECK_EQ(go_on(), 3);
}
