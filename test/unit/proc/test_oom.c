/* SPDX-License-Identifier: MIT */
/*
 * oom.c: which process ends when memory is full, and who only waits. (D06)
 */
#include "proc/oom.h"

#include <ucow/errno.h>

#include "host_sched.h"
#include "journal.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/terminal.h"
#include "proc/visit.h"

#define PIDS 400
#define INIT 1
#define SELF 300
#define SHELL 301
#define BIG 302   /* a child of SHELL's */
#define SMALL 303 /* a child of BIG's */
#define FAR 304   /* a child of init's */

static struct proc procs[PIDS];
static struct mm mms[PIDS];
static size_t own[PIDS]; /* the pages that only this process has */
static size_t free_frames;
static int foreground, waits;
static bool search_goes_on;
static void (*at_yield)(void), (*at_point)(void);

struct trace_ring trace_ring = {.on = 1};
void trace_record2(enum trace_event event, uint32_t a, uint32_t b)
{
    CHECK_EQ(event, TRACE_oom_size);
    note("size of %u %u", a, b);
}

void trace_record4(enum trace_event event, const uint32_t words[4])
{
    CHECK_EQ(event, TRACE_oom);
    note("oom %u %u %u %u", words[0], words[1], words[2], words[3]);
}

size_t page_free_count(void)
{
    return free_frames;
}

bool swap_search_goes_on(void)
{
    return search_goes_on;
}

static int walked, longest_walk; /* pids that were looked at since the last point; at most */

struct proc *proc_find(int pid)
{
    CHECK(pid >= 0 && pid < PIDS);
    walked++;
    longest_walk = walked > longest_walk ? walked : longest_walk;
    return procs[pid].pid != 0 && pid != 0 ? &procs[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

size_t mm_page_count(struct mm *mm)
{
    return own[mm - mms] + 10;
}

int visit_begin(struct mm *mm)
{
    CHECK_EQ(mm->visitors, 0);
    mm->visitors = mm->count != 99;
    return mm->count == 99 ? -E_KILLED : 0;
}

int mm_count_own_pages(struct mm *mm, size_t *pages)
{
    CHECK_EQ(mm->visitors, 1);
    *pages = own[mm - mms];
    return 0;
}

void visit_end(struct mm *mm)
{
    CHECK_EQ(mm->visitors, 1);
    mm->visitors = 0;
}

int terminal_foreground(void)
{
    return foreground;
}

size_t pid_used_count(void)
{
    size_t n = 0;
    for (int pid = 1; pid < PIDS; pid++)
        n += procs[pid].pid != 0;
    return n;
}

int sched_point(void)
{
    walked = 0;
    if (at_point != NULL)
        at_point();
    return current->killed ? -E_KILLED : 0;
}

void sched_yield(void)
{
    walked = 0;
    CHECK(++waits < 10);
    if (at_yield != NULL && waits == 3)
        at_yield();
}

void kill_for_memory(struct proc *proc)
{
    note("kill %d", proc->pid);
    proc->killed = true;
}

static void make(int pid, int parent, size_t pages)
{
    procs[pid] = (struct proc){.magic = PROC_MAGIC,
                               .pid = pid,
                               .group = pid,
                               .parent = &procs[parent],
                               .mm = &mms[pid],
                               .state = PROC_RUNNABLE};
    list_init(&procs[pid].children);
    list_init(&procs[pid].sibling);
    if (parent != 0)
        list_add_head(&procs[parent].children, &procs[pid].sibling);
    own[pid] = pages;
    mms[pid] = (struct mm){.count = 1};
}

static void end_big(void)
{
    procs[BIG].state = PROC_ZOMBIE;
}

static void start(void)
{
    memset(procs, 0, sizeof(procs));
    make(INIT, 0, 0);
    procs[INIT].parent = NULL;
    procs[INIT].kernel = true;
    procs[INIT].mm = NULL;
    make(SELF, INIT, 5);
    make(SHELL, INIT, 1);
    make(BIG, SHELL, 30);
    make(SMALL, BIG, 20);
    make(FAR, INIT, 25);
    strcpy(procs[BIG].name, "big");
    strcpy(procs[SELF].name, "self");
    current = &procs[SELF];
    free_frames = 3;
    foreground = waits = 0;
    search_goes_on = false;
    at_yield = end_big;
    at_point = NULL;
    walked = longest_walk = 0;
    journal_clear();
}

TEST(memory_is_full_below_four_frames)
{
    start();
    CHECK(oom_memory_is_full());
    free_frames = 4;
    CHECK(!oom_memory_is_full());
    CHECK_EQ(oom_relieve(), 0);
    CHECK_STR_EQ(journal, "");
}

TEST(no_one_ends_while_a_page_may_go_to_the_disk_D105)
{
    start();
    search_goes_on = true;
    CHECK_EQ(oom_relieve(), 0); /* the access is retried, and the search with it */
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(longest_walk, 0);
    procs[SELF].killed = true;
    CHECK_EQ(oom_relieve(), -E_KILLED);
}

TEST(the_largest_ends)
{
    start();
    CHECK_EQ(oom_relieve(), 0);
    CHECK_EQ(waits, 3);
    CHECK_STEPS("size of 300 5", "size of 301 1", "size of 302 30", "size of 304 25", "oom 300 302 30 5",
                "kill 302");
    CHECK(longest_walk <= FAR + 10); /* D130: not all pids, of which there may be thousands */
}

TEST(all_that_use_its_memory_end)
{
    start();
    procs[SMALL].mm = &mms[BIG];
    procs[FAR].mm = &mms[BIG];
    procs[FAR].state = PROC_ZOMBIE; /* it has ended */
    mms[BIG].count = 2;
    CHECK_EQ(oom_relieve(), 0);
    CHECK_STEPS("size of 300 5", "size of 301 1", "size of 302 30", "size of 303 30", "oom 300 302 30 4",
                "kill 302", "kill 303");
}

TEST(kernel_threads_and_zombies_do_not_count)
{
    start();
    procs[BIG].kernel = true;
    procs[FAR].state = PROC_ZOMBIE;
    procs[SMALL].mm = NULL;
    CHECK_EQ(oom_relieve(), -E_NO_MEM); /* its own pages are the most */
    CHECK_STEPS("size of 300 5", "size of 301 1", "oom 300 300 5 2");
}

TEST(a_process_that_shares_the_callers_memory_is_the_caller)
{
    start();
    current = &procs[SMALL];
    procs[BIG].mm = &mms[SMALL];
    own[SMALL] = 40;
    CHECK_EQ(oom_relieve(), -E_NO_MEM);
    CHECK_EQ(procs[BIG].killed, false);
}

TEST(if_no_one_has_pages_no_one_ends)
{
    start();
    memset(own, 0, sizeof(own));
    CHECK_EQ(oom_relieve(), -E_NO_MEM);
    CHECK_EQ(waits, 0);
}

static void memory_comes(void)
{
    free_frames = 4;
}

TEST(while_one_ends_no_other_does)
{
    for (int exiting = 0; exiting < 2; exiting++) {
        start();
        procs[BIG].killed = !exiting;
        procs[BIG].exiting = exiting;
        CHECK_EQ(oom_relieve(), 0);
        CHECK_EQ(waits, 3);
        CHECK_STR_EQ(journal, "");
    }
    start();
    procs[BIG].killed = true;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0);
    CHECK_EQ(waits, 3);
}

static void die(void)
{
    procs[SELF].killed = true;
}

TEST(a_caller_that_is_killed_waits_no_longer)
{
    start();
    procs[BIG].killed = true;
    at_yield = die;
    CHECK_EQ(oom_relieve(), -E_KILLED);
    CHECK_EQ(waits, 3);
}

static void other_choice(void)
{
    procs[FAR].killed = true;
}

static void victim_exits(void)
{
    procs[BIG].mm = NULL;
}

static int points;

/* After the walk has passed BIG. */
static void late(void)
{
    if (++points == SMALL) {
        if (at_yield == memory_comes)
            free_frames = 4;
        else
            victim_exits();
    }
}

TEST(what_others_did_meanwhile_counts)
{
    start();
    at_point = other_choice;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0);
    CHECK_EQ(waits, 3);
    CHECK(!procs[BIG].killed);
    start();
    points = 0;
    at_point = late;
    CHECK_EQ(oom_relieve(), 0); /* the one that was chosen has no memory any more */
    CHECK_EQ(waits, 0);
    start();
    points = 0;
    at_point = late;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0); /* memory is not full any more */
    CHECK(!procs[BIG].killed && waits == 0);
}

/* After the walk has passed BIG, it ends, and a small process gets its pid; others take its memory. */
static void replaced(void)
{
    if (++points == SMALL)
        own[BIG] = 1;
}

TEST(who_has_the_pid_of_the_largest_does_not_end_for_it_D129)
{
    start();
    points = 0;
    at_point = replaced;
    CHECK_EQ(oom_relieve(), 0); /* the access is retried */
    CHECK(!procs[BIG].killed && waits == 0);
}

TEST(the_shell_ends_after_its_descendants)
{
    start();
    own[SHELL] = 50;
    foreground = SHELL;
    CHECK_EQ(oom_relieve(), 0);
    CHECK_STEPS("size of 300 5", "size of 301 50", "size of 302 30", "oom 300 302 30 5", "kill 302");
    start();
    own[SHELL] = 50;
    foreground = BIG; /* a child of the shell leads the foreground group */
    CHECK_EQ(oom_relieve(), 0);
    CHECK(procs[BIG].killed && !procs[SHELL].killed);
    start();
    own[SHELL] = 50;
    foreground = SHELL;
    own[BIG] = own[SMALL] = 0;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0);
    CHECK(procs[SHELL].killed);
}

TEST(another_process_is_no_shell)
{
    start();
    own[SHELL] = 50;
    foreground = FAR;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0);
    CHECK(procs[SHELL].killed);
    start();
    foreground = 77;
    procs[BIG].group = 77; /* in the foreground group, and does not lead it */
    procs[SMALL].group = 77;
    CHECK_EQ(oom_relieve(), 0);
    CHECK(procs[BIG].killed);
}

TEST(memory_that_cannot_be_looked_into_counts_as_none)
{
    start();
    mms[BIG].count = 99;
    at_yield = memory_comes;
    CHECK_EQ(oom_relieve(), 0);
    CHECK(procs[FAR].killed && !procs[BIG].killed);
}
