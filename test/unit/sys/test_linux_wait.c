/* SPDX-License-Identifier: MIT */
/*
 * linux_wait.c: the status of each end, whom a call waits for, and what it writes where.
 */
#include <ucow/errno.h>

#include "host_user.h"
#include "host_wait.h"
#include "proc/exit.h"

#define GROUP 400
#define PID 301
#define ANY_KIND (LINUX_WNOTHREAD | LINUX_WALL | LINUX_WCLONE)

struct cpu boot_cpu;
static struct proc self;
static struct linux_siginfo info;
static uint8_t usage[LINUX_RUSAGE_BYTES + 1];
static uint32_t status;

int32_t linux_error(int32_t result)
{
    return result == -E_KILLED ? -LINUX_EINTR : result;
}

void do_reap(struct proc *zombie)
{
    CHECK_EQ(zombie, &child);
    note("reap");
    child = (struct proc){.pid = -1, .exit_code = 77}; /* it is gone */
}

static void start(void)
{
    self = (struct proc){.pid = 300, .group = GROUP};
    current = &self;
    child = (struct proc){.pid = PID, .exit_reason = EXIT_CALL, .exit_code = 0x1205};
    has_ended = true;
    error = 0;
    status = 99;
    memset(&info, 0x99, sizeof(info));
    memset(usage, 0x99, sizeof(usage));
    journal_clear();
}

static bool usage_is_written(void)
{
    for (size_t i = 0; i < LINUX_RUSAGE_BYTES; i++)
        CHECK_EQ(usage[i], usage[0]);
    CHECK_EQ(usage[LINUX_RUSAGE_BYTES], 0x99);
    return usage[0] == 0;
}

static uint32_t ended(enum exit_reason reason, uint8_t detail)
{
    const struct proc zombie = {
        .exit_reason = reason, .exit_code = -2, .fault_trap = detail, .kill_signal = detail};
    return linux_status(&zombie);
}

/* Linux's, for the exceptions from 0 on; 0: none. */
static const uint8_t signals[] = {8, 5, 0, 5, 11, 11, 4, 0, 0, 8, 11, 7, 7, 11, 11, 0, 8, 7, 0, 8, 9, 9};

TEST(a_status_says_how_a_process_ended)
{
    CHECK_EQ(ended(EXIT_CALL, 3), 0xFE00);
    CHECK_EQ(ended(EXIT_KILL, 0), 9);
    CHECK_EQ(ended(EXIT_KILL, 15), 15);
    CHECK_EQ(ended(EXIT_SWAP, 3), 7);
    CHECK_EQ(ended(EXIT_OOM, 3), 9);
    for (unsigned i = 0; i < sizeof(signals); i++)
        CHECK_EQ(ended(EXIT_FAULT, (uint8_t)i), signals[i]);
}

TEST(wait4_reaps_and_tells)
{
    start();
    CHECK_EQ(linux_wait4(-1, user(&status), 0, user(usage)), PID);
    CHECK_STEPS("wait 0", "reap");
    CHECK_EQ(status, 0x500);
    CHECK(usage_is_written());
    start();
    CHECK_EQ(linux_waitpid(PID, user(&status), (int32_t)ANY_KIND), PID);
    CHECK_STEPS("wait 301", "reap");
    CHECK(status == 0x500 && !usage_is_written());
    start();
    CHECK_EQ(linux_wait4(0, NOWHERE, LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED, NOWHERE), PID);
    CHECK_STEPS("look 0", "reap");
    start();
    CHECK_EQ(linux_wait4(-GROUP, NOWHERE, 0, NOWHERE), PID);
    CHECK_STEPS("wait 0", "reap");
}

TEST(wait4_of_a_child_that_lives)
{
    start();
    has_ended = false;
    CHECK_EQ(linux_wait4(PID, user(&status), LINUX_WNOHANG, user(usage)), 0);
    CHECK_STEPS("look 301");
    CHECK(status == 99 && !usage_is_written());
}

TEST(wait4_fails)
{
    start();
    CHECK_EQ(linux_wait4(INT32_MIN, NOWHERE, 0, NOWHERE), -LINUX_ESRCH);
    CHECK_EQ(linux_wait4(-2, NOWHERE, 0, NOWHERE), -LINUX_ECHILD);
    CHECK_EQ(linux_wait4(-GROUP - 1, NOWHERE, 0, NOWHERE), -LINUX_ECHILD);
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t known = LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | ANY_KIND;
        if ((known & 1u << bit) == 0)
            CHECK_EQ(linux_wait4(-1, NOWHERE, (int32_t)(1u << bit), NOWHERE), -LINUX_EINVAL);
    }
    CHECK_STR_EQ(journal, "");
    error = -E_BAD_PROC;
    CHECK_EQ(linux_wait4(5, user(&status), 0, user(usage)), -LINUX_ECHILD);
    CHECK_STEPS("wait 5");
    error = -E_KILLED;
    CHECK_EQ(linux_wait4(-1, user(&status), 0, user(usage)), -LINUX_EINTR);
    CHECK_STEPS("wait 0");
    CHECK(status == 99 && !usage_is_written());
}

TEST(a_bad_address_is_found_after_the_reaping)
{
    start();
    CHECK_EQ(linux_wait4(-1, BAD, 0, user(usage)), -LINUX_EFAULT);
    CHECK(!usage_is_written());
    CHECK_STEPS("wait 0", "reap");
    start();
    CHECK_EQ(linux_wait4(-1, user(&status), 0, BAD), -LINUX_EFAULT);
    CHECK_EQ(status, 0x500);
    CHECK_STEPS("wait 0", "reap");
}

static void check_info(uint32_t signal, uint32_t code, int32_t pid, uint32_t value)
{
    CHECK(info.signal == signal && info.code == code && info.pid == pid && info.status == value);
    CHECK(info.error == 0 && info.uid == 0);
}

TEST(waitid_tells_more)
{
    start();
    CHECK_EQ(linux_waitid(LINUX_P_ALL, -5, user(&info), LINUX_WEXITED, user(usage)), 0);
    CHECK_STEPS("wait 0", "reap");
    check_info(17, 1, PID, 5);
    CHECK(usage_is_written());
    start();
    child.exit_reason = EXIT_KILL;
    CHECK_EQ(linux_waitid(LINUX_P_PID, PID, user(&info), LINUX_WEXITED | LINUX_WNOWAIT, NOWHERE), 0);
    CHECK_STEPS("wait 301");
    check_info(17, 2, PID, 9);
    for (int group = 0; group <= GROUP; group += GROUP) {
        start();
        CHECK_EQ(linux_waitid(LINUX_P_PGID, group, NOWHERE, LINUX_WEXITED | LINUX_WNOHANG, NOWHERE), 0);
        CHECK_STEPS("look 0", "reap");
    }
    start();
    CHECK_EQ(linux_waitid(LINUX_P_ALL, 0, user(&info), LINUX_WEXITED, BAD), -LINUX_EFAULT);
    CHECK_EQ(info.pid, (int32_t)0x99999999);
    start();
    CHECK_EQ(linux_waitid(LINUX_P_ALL, 0, BAD, LINUX_WEXITED, user(usage)), -LINUX_EFAULT);
    CHECK(usage_is_written());
}

TEST(waitid_of_a_child_that_lives)
{
    start();
    has_ended = false;
    CHECK_EQ(linux_waitid(LINUX_P_ALL, 0, user(&info), LINUX_WEXITED | LINUX_WNOHANG, user(usage)), 0);
    CHECK_STEPS("look 0");
    check_info(0, 0, 0, 0);
    CHECK(!usage_is_written());
}

static int32_t wait_id(int32_t which, int32_t pid, uint32_t options)
{
    memset(&info, 0x99, sizeof(info));
    int32_t result = linux_waitid(which, pid, user(&info), (int32_t)options, user(usage));
    check_info(0, 0, 0, 0); /* as on Linux, also after an error */
    CHECK(!usage_is_written());
    return result;
}

TEST(waitid_fails)
{
    start();
    CHECK_EQ(wait_id(-1, 5, LINUX_WEXITED), -LINUX_EINVAL);
    CHECK_EQ(wait_id(3, 5, LINUX_WEXITED), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_PID, 0, LINUX_WEXITED), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_PID, -1, LINUX_WEXITED), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_PGID, -1, LINUX_WEXITED), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_PGID, 7, LINUX_WEXITED), -LINUX_ECHILD);
    CHECK_EQ(wait_id(LINUX_P_ALL, 0, 0), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_ALL, 0, LINUX_WNOHANG), -LINUX_EINVAL);
    CHECK_EQ(wait_id(LINUX_P_ALL, 0, LINUX_WUNTRACED), -LINUX_ENOSYS);
    CHECK_EQ(wait_id(LINUX_P_ALL, 0, LINUX_WCONTINUED), -LINUX_ENOSYS);
    CHECK_EQ(wait_id(LINUX_P_PID, 0, LINUX_WCONTINUED), -LINUX_EINVAL);
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t known =
            LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WEXITED | LINUX_WNOWAIT | ANY_KIND;
        if ((known & 1u << bit) == 0)
            CHECK_EQ(wait_id(LINUX_P_ALL, 0, LINUX_WEXITED | 1u << bit), -LINUX_EINVAL);
    }
    CHECK_STR_EQ(journal, "");
    error = -E_BAD_PROC;
    CHECK_EQ(wait_id(LINUX_P_PID, 5, LINUX_WEXITED | ANY_KIND | LINUX_WUNTRACED | LINUX_WCONTINUED),
             -LINUX_ECHILD);
    CHECK_STEPS("wait 5");
}
