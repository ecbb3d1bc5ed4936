/* SPDX-License-Identifier: MIT */
/*
 * linux_signal.c: whom a signal reaches, and what it does there.
 */
#include <ucow/errno.h>

#include "host_user.h"
#include "journal.h"
#include "proc/group.h"
#include "proc/kill.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/sched.h"

#define PIDS 12
#define KERNEL 1
#define SELF 2
#define THREAD 3 /* of SELF */
#define OTHER 4  /* a program for Linux in SELF's group */
#define NATIVE 5 /* one of ucow in another group */
#define FAR 6    /* a program for Linux in that group */
#define GROUP 2
#define OTHERS 5

#define SIG(n) (1ull << ((n)-1))
#define STOPS (SIG(19) | SIG(20) | SIG(21) | SIG(22))
#define HARMLESS (SIG(17) | SIG(18) | SIG(23) | SIG(28))

struct cpu boot_cpu;
static struct proc procs[PIDS];
static struct linux_proc states[PIDS];
static int points;
static int held, wanted; /* a group; 0: none */

struct proc *proc_find(int pid)
{
    return pid > 0 && pid < PIDS && procs[pid].pid != 0 ? &procs[pid] : NULL;
}

int pid_limit(void)
{
    return PIDS;
}

bool group_hold(int group)
{
    for (int pid = 1; pid < PIDS && held != group; pid++)
        if (procs[pid].pid != 0 && procs[pid].group == group)
            held = group;
    return held == group;
}

void group_left(int group)
{
    CHECK_EQ(held, group);
    held = 0;
}

int sched_point(void)
{
    CHECK_EQ(held, wanted);
    points++;
    return -E_KILLED;
}

int do_kill_by(int pid, uint8_t signal)
{
    note("%d by %d", pid, signal);
    return -E_KILLED;
}

static void make(int pid, int leader, int group)
{
    procs[pid] = (struct proc){.pid = pid, .group = group};
    if (leader == 0)
        return;
    states[pid] = (struct linux_proc){.self = &procs[pid], .leader = &procs[leader]};
    procs[pid].linux_state = &states[pid];
}

static void start(void)
{
    memset(procs, 0, sizeof(procs));
    make(KERNEL, 0, 1);
    procs[KERNEL].kernel = true;
    make(SELF, SELF, GROUP);
    make(THREAD, SELF, GROUP);
    make(OTHER, OTHER, GROUP);
    make(NATIVE, 0, OTHERS);
    make(FAR, FAR, OTHERS);
    current = &procs[SELF];
    points = 0;
    journal_clear();
}

TEST(a_signal_does_what_is_its_default)
{
    for (int sig = 0; sig <= 64; sig++) {
        char step[20];
        start();
        snprintf(step, sizeof(step), "4 by %d\n", sig);
        bool stops = sig > 0 && (STOPS & SIG(sig)), harmless = sig == 0 || (HARMLESS & SIG(sig));
        CHECK_EQ(linux_kill(OTHER, sig), stops ? -LINUX_ENOSYS : 0);
        CHECK_STR_EQ(journal, stops || harmless ? "" : step);
    }
    start();
    CHECK_EQ(linux_kill(OTHER, 65), -LINUX_EINVAL);
    CHECK_EQ(linux_kill(OTHER, -1), -LINUX_EINVAL);
    CHECK_EQ(linux_kill(KERNEL, 65), -LINUX_EINVAL);
    CHECK_EQ(linux_kill(KERNEL, 9), 0);
    CHECK_EQ(linux_kill(KERNEL, 19), 0);
    CHECK_EQ(linux_kill(9, 9), -LINUX_ESRCH);
    CHECK_EQ(linux_kill(INT32_MIN, 9), -LINUX_ESRCH);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(linux_kill(NATIVE, 64), 0);
    CHECK_STEPS("5 by 64");
}

TEST(an_ignored_or_blocked_signal_ends_no_one)
{
    start();
    states[SELF].ignored = SIG(64);
    CHECK_EQ(linux_kill(SELF, 64), 0);
    CHECK_EQ(linux_tkill(THREAD, 64), 0); /* all threads share it */
    CHECK_STR_EQ(journal, "");
    states[THREAD].blocked = SIG(63);
    CHECK_EQ(linux_tkill(THREAD, 63), 0);
    CHECK_EQ(states[THREAD].pending, SIG(63));
    CHECK_EQ(linux_tkill(THREAD, 62), 0);
    CHECK_EQ(linux_kill(SELF, 63), 0); /* each thread has its own mask */
    CHECK_STEPS("3 by 62", "2 by 63");
    CHECK_EQ(states[SELF].pending, 0);
}

TEST(a_group_is_signalled)
{
    start();
    wanted = GROUP; /* D129: it is held while others run */
    CHECK_EQ(linux_kill(0, 15), 0);
    CHECK_STEPS("2 by 15", "3 by 15", "4 by 15");
    CHECK_EQ(points, PIDS - 2);
    wanted = OTHERS;
    CHECK_EQ(linux_kill(-OTHERS, 15), 0);
    CHECK_STEPS("5 by 15", "6 by 15");
    wanted = 0;
    CHECK_EQ(linux_kill(-9, 15), -LINUX_ESRCH);
    CHECK_EQ(linux_kill(-1, 15), 0); /* all but the caller's threads and init */
    CHECK_STEPS("4 by 15", "5 by 15", "6 by 15");
    wanted = GROUP;
    CHECK_EQ(linux_kill(0, 65), -LINUX_EINVAL);
    CHECK_EQ(linux_kill(0, 19), -LINUX_ENOSYS);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(held, 0);
}

TEST(a_thread_is_named_with_its_process)
{
    start();
    CHECK_EQ(linux_tgkill(SELF, THREAD, 15), 0);
    CHECK_EQ(linux_tgkill(NATIVE, NATIVE, 15), 0);
    CHECK_EQ(linux_tkill(KERNEL, 15), 0);
    CHECK_STEPS("3 by 15", "5 by 15");
    CHECK_EQ(linux_tgkill(THREAD, THREAD, 15), -LINUX_ESRCH);
    CHECK_EQ(linux_tgkill(OTHER, THREAD, 15), -LINUX_ESRCH);
    CHECK_EQ(linux_tgkill(9, 9, 15), -LINUX_ESRCH);
    CHECK_EQ(linux_tgkill(0, THREAD, 15), -LINUX_EINVAL);
    CHECK_EQ(linux_tgkill(SELF, 0, 15), -LINUX_EINVAL);
    CHECK_EQ(linux_tgkill(SELF, -1, 15), -LINUX_EINVAL);
    CHECK_EQ(linux_tkill(0, 15), -LINUX_EINVAL);
    CHECK_EQ(linux_tkill(9, 15), -LINUX_ESRCH);
    CHECK_STR_EQ(journal, "");
}

/* sigaction() by THREAD. */
static int32_t action(int32_t sig, uint32_t handler, struct linux_sigaction *was)
{
    const struct linux_sigaction new = {.handler = handler, .flags = 7, .mask = {1, 2}};
    current = &procs[THREAD];
    return linux_rt_sigaction(sig, user(&new), was != NULL ? user(was) : NOWHERE, 8);
}

TEST(sigaction_ignores_for_all_threads)
{
    struct linux_sigaction was;
    start();
    states[SELF].pending = SIG(10) | SIG(11);
    memset(&was, 0x99, sizeof(was));
    CHECK_EQ(action(10, LINUX_SIG_IGN, &was), 0);
    CHECK(was.handler == LINUX_SIG_DFL && was.flags == 0 && was.mask[0] == 0 && was.mask[1] == 0);
    CHECK_EQ(states[SELF].ignored, SIG(10));
    CHECK_EQ(states[SELF].pending, SIG(11));
    CHECK_EQ(states[THREAD].ignored, 0);
    CHECK_EQ(action(64, LINUX_SIG_IGN, NULL), 0);
    CHECK_EQ(states[SELF].ignored, SIG(10) | SIG(64));
    CHECK_EQ(linux_rt_sigaction(10, NOWHERE, user(&was), 8), 0);
    CHECK_EQ(was.handler, LINUX_SIG_IGN);
    states[SELF].pending = SIG(10);
    CHECK_EQ(action(10, LINUX_SIG_DFL, &was), 0);
    CHECK_EQ(was.handler, LINUX_SIG_IGN);
    CHECK_EQ(states[SELF].ignored, SIG(64));
    CHECK_EQ(states[SELF].pending, SIG(10));
    CHECK_EQ(action(1, LINUX_SIG_IGN, NULL), 0);
    CHECK_EQ(states[SELF].ignored, SIG(64) | SIG(1));
}

TEST(sigaction_with_a_handler)
{
    for (int sig = 1; sig <= 64; sig++) {
        start();
        bool never = sig == 9 || sig == 19, harmless = HARMLESS & SIG(sig);
        CHECK_EQ(action(sig, 0x8048000, NULL), never ? -LINUX_EINVAL : harmless ? 0 : -LINUX_ENOSYS);
        CHECK_EQ(action(sig, 2, NULL), never ? -LINUX_EINVAL : harmless ? 0 : -LINUX_ENOSYS);
        CHECK_EQ(action(sig, LINUX_SIG_IGN, NULL), never ? -LINUX_EINVAL : 0);
        CHECK_EQ(states[SELF].ignored, never ? 0 : SIG(sig));
        CHECK_EQ(linux_rt_sigaction(sig, NOWHERE, NOWHERE, 8), 0);
    }
}

TEST(sigaction_fails)
{
    struct linux_sigaction set = {.handler = LINUX_SIG_IGN}, was = {.flags = 5};
    start();
    CHECK_EQ(action(0, 0, NULL), -LINUX_EINVAL);
    CHECK_EQ(action(65, 0, NULL), -LINUX_EINVAL);
    CHECK_EQ(linux_rt_sigaction(10, user(&set), user(&was), 4), -LINUX_EINVAL);
    CHECK_EQ(linux_rt_sigaction(10, BAD, user(&was), 8), -LINUX_EFAULT);
    CHECK_EQ(was.flags, 5);
    CHECK_EQ(linux_rt_sigaction(10, user(&set), BAD, 8), -LINUX_EFAULT);
    CHECK_EQ(linux_rt_sigaction(10, NOWHERE, BAD, 8), -LINUX_EFAULT);
    CHECK_EQ(states[SELF].ignored, 0);
}

static int32_t mask(int32_t how, uint64_t set)
{
    uint64_t was = 99, before = states[SELF].blocked;
    int32_t error = linux_rt_sigprocmask(how, user(&set), user(&was), 8);
    CHECK_EQ(was, error == 0 ? before : 99);
    return error;
}

TEST(sigprocmask_changes_the_mask)
{
    start();
    CHECK_EQ(mask(LINUX_SIG_BLOCK, SIG(1) | SIG(64) | SIG(9) | SIG(19)), 0);
    CHECK_EQ(states[SELF].blocked, SIG(1) | SIG(64));
    CHECK_EQ(mask(LINUX_SIG_BLOCK, SIG(3)), 0);
    CHECK_EQ(states[SELF].blocked, SIG(1) | SIG(3) | SIG(64));
    CHECK_EQ(mask(LINUX_SIG_UNBLOCK, SIG(1) | SIG(2)), 0);
    CHECK_EQ(states[SELF].blocked, SIG(3) | SIG(64));
    CHECK_EQ(mask(LINUX_SIG_SETMASK, SIG(5) | SIG(9)), 0);
    CHECK_EQ(states[SELF].blocked, SIG(5));
    CHECK_EQ(mask(3, 0), -LINUX_EINVAL);
    CHECK_EQ(mask(-1, 0), -LINUX_EINVAL);
    uint64_t was = 0;
    CHECK_EQ(linux_rt_sigprocmask(99, NOWHERE, user(&was), 8), 0);
    CHECK_EQ(was, SIG(5));
    CHECK_EQ(linux_rt_sigprocmask(0, NOWHERE, NOWHERE, 8), 0);
    CHECK_EQ(linux_rt_sigprocmask(0, NOWHERE, NOWHERE, 4), -LINUX_EINVAL);
    CHECK_EQ(linux_rt_sigprocmask(0, BAD, NOWHERE, 8), -LINUX_EFAULT);
    CHECK_EQ(linux_rt_sigprocmask(0, NOWHERE, BAD, 8), -LINUX_EFAULT);
    CHECK_EQ(states[SELF].blocked, SIG(5));
    CHECK_STR_EQ(journal, "");
}

TEST(a_pending_signal_ends_a_process_that_unblocks_it)
{
    start();
    states[SELF].blocked = states[SELF].pending = SIG(10) | SIG(12) | SIG(64);
    CHECK_EQ(mask(LINUX_SIG_BLOCK, SIG(1)), 0);
    CHECK_STR_EQ(journal, "");
    CHECK_EQ(mask(LINUX_SIG_UNBLOCK, SIG(64) | SIG(12)), 0);
    CHECK_STEPS("2 by 12");
    CHECK_EQ(states[SELF].pending, SIG(10) | SIG(64));
    CHECK_EQ(mask(LINUX_SIG_UNBLOCK, SIG(1)), 0);
    CHECK_STEPS("2 by 64");
    CHECK_EQ(states[SELF].pending, SIG(10));
}
