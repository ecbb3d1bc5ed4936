/* SPDX-License-Identifier: MIT */
/*
 * linux_futex.c of kernel/sys: what each command with each of its flags asks of kernel/proc, which
 * test_linux_futex.c tests.
 */
#include <ucow/errno.h>

#include "host_user.h"
#include "journal.h"
#include "lib/util.h"
#include "proc/linux_futex.h"
#include "proc/proc.h"

#define WORD ((struct uaddr){0x1000})
#define OTHER ((struct uaddr){0x2000})
#define TIME ((struct uaddr){0x3000})
#define PRIVATE LINUX_FUTEX_PRIVATE
#define REALTIME LINUX_FUTEX_CLOCK_REALTIME
#define ERROR(error) ((error)*100) /* what linux_error() makes of it here */

struct cpu boot_cpu;
static struct proc self;
static _Alignas(16) uint8_t kstack[KSTACK_BYTES];
static uint32_t word = 7;
static int key_error, wait_error, key_errors_from;
static int32_t time_error;
static int keys;

int32_t linux_error(int32_t result)
{
    return result < 0 ? ERROR(result) : result;
}

int32_t linux_get_ticks(uint64_t *ticks, struct uaddr from, bool absolute, bool wide)
{
    CHECK_EQ(from.va, TIME.va);
    note("time%s%s", absolute ? " absolute" : "", wide ? " wide" : "");
    *ticks = 55;
    return time_error;
}

int futex_key(struct futex_key *key, struct uaddr at, bool shared)
{
    (void)key;
    note("key %x%s", (unsigned)at.va, shared ? " shared" : "");
    return keys++ < key_errors_from ? 0 : key_error;
}

int futex_wait(const struct futex_key *key, struct uaddr at, uint32_t value, uint64_t ticks)
{
    (void)key;
    note("wait %x %u %lld", (unsigned)at.va, value, ticks == FUTEX_FOR_EVER ? -1ll : (long long)ticks);
    return wait_error;
}

uint32_t futex_wake(const struct futex_key *key, uint32_t n)
{
    (void)key;
    note("wake %u", n);
    return MIN(n, 3u);
}

uint32_t futex_move(const struct futex_key *key, const struct futex_key *to, uint32_t n)
{
    CHECK(key != to);
    note("move %u", n);
    return MIN(n, 5u);
}

static void start(void)
{
    self.kstack = (uintptr_t)kstack;
    current = &self;
    proc_trapframe(current)->ebp = LINUX_FUTEX_ANY;
    key_error = wait_error = time_error = keys = key_errors_from = 0;
    journal_clear();
}

static void third(uint32_t value)
{
    proc_trapframe(current)->ebp = value;
}

TEST(a_wait)
{
    start();
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, NOWHERE, NOWHERE), 0);
    CHECK_STEPS("key 1000 shared", "wait 1000 9 -1");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT | PRIVATE, 9, TIME, NOWHERE), 0);
    CHECK_STEPS("time", "key 1000", "wait 1000 9 55");
    CHECK_EQ(linux_futex_time64(WORD, LINUX_FUTEX_WAIT | PRIVATE, 9, TIME, NOWHERE), 0);
    CHECK_STEPS("time wide", "key 1000", "wait 1000 9 55");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT_BITSET, 9, TIME, NOWHERE), 0);
    CHECK_STEPS("time absolute", "key 1000 shared", "wait 1000 9 55");
    CHECK_EQ(linux_futex_time64(WORD, LINUX_FUTEX_WAIT_BITSET | PRIVATE | REALTIME, 9, TIME, NOWHERE), 0);
    CHECK_STEPS("time absolute wide", "key 1000", "wait 1000 9 55");
}

TEST(a_wait_that_fails)
{
    start();
    time_error = -LINUX_EFAULT;
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, TIME, NOWHERE), -LINUX_EFAULT);
    CHECK_STEPS("time");
    time_error = 0;
    key_error = -E_KILLED;
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, NOWHERE, NOWHERE), ERROR(-E_KILLED));
    CHECK_STEPS("key 1000 shared");
    key_error = -E_INVAL; /* no pointer */
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, NOWHERE, NOWHERE), -LINUX_EFAULT);
    key_error = 0;
    wait_error = -E_BUSY;
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, NOWHERE, NOWHERE), ERROR(-E_BUSY));
    wait_error = -E_INVAL;
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 9, NOWHERE, NOWHERE), -LINUX_EFAULT);
}

TEST(the_bit_set_is_that_of_all)
{
    static const uint32_t commands[] = {LINUX_FUTEX_WAIT_BITSET, LINUX_FUTEX_WAKE_BITSET};

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        start();
        third(0);
        CHECK_EQ(linux_futex(WORD, commands[i], 1, NOWHERE, NOWHERE), -LINUX_EINVAL);
        third(LINUX_FUTEX_ANY - 1);
        CHECK_EQ(linux_futex(WORD, commands[i], 1, NOWHERE, NOWHERE), -LINUX_ENOSYS);
        CHECK_STR_EQ(journal, "");
        third(LINUX_FUTEX_ANY);
        CHECK(linux_futex(WORD, commands[i], 1, NOWHERE, NOWHERE) >= 0);
    }
    start();
    third(0); /* no argument of these */
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAIT, 1, NOWHERE, NOWHERE), 0);
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE, 1, NOWHERE, NOWHERE), 1);
}

TEST(a_wake)
{
    start();
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE, 2, NOWHERE, NOWHERE), 2);
    CHECK_STEPS("key 1000 shared", "wake 2");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE | PRIVATE, INT32_MAX, NOWHERE, NOWHERE), 3);
    CHECK_STEPS("key 1000", "wake 2147483647");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE_BITSET | PRIVATE, 1, NOWHERE, NOWHERE), 1);
    CHECK_STEPS("key 1000", "wake 1");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE | PRIVATE, 0, NOWHERE, NOWHERE), 1); /* as on Linux */
    CHECK_STEPS("key 1000", "wake 1");
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE | PRIVATE, (uint32_t)INT32_MIN, NOWHERE, NOWHERE), 1);
    CHECK_STEPS("key 1000", "wake 1");
    key_error = -E_INVAL;
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_WAKE, 2, NOWHERE, NOWHERE), -LINUX_EFAULT);
    CHECK_STEPS("key 1000 shared");
}

static int32_t requeue(uint32_t op, uint32_t wakes, uint32_t moves, struct uaddr other)
{
    return linux_futex(user(&word), op, wakes, (struct uaddr){moves}, other);
}

TEST(waiters_move_to_another_word)
{
    char key[30], shared[40];

    start();
    snprintf(key, sizeof(key), "key %x", (unsigned)(uintptr_t)&word);
    snprintf(shared, sizeof(shared), "%s shared", key);
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, 1, 2, OTHER), 1);
    CHECK_STEPS(shared, "key 2000 shared", "wake 1", "move 2");
    third(word);
    CHECK_EQ(requeue(LINUX_FUTEX_CMP_REQUEUE | PRIVATE, 9, 9, OTHER), 3 + 5);
    CHECK_STEPS(key, "key 2000", "wake 9", "move 9");
    CHECK_EQ(requeue(LINUX_FUTEX_CMP_REQUEUE | PRIVATE, 0, 0, OTHER), 0);
    CHECK_STEPS(key, "key 2000", "wake 0", "move 0");
    third(word + 1);
    CHECK_EQ(requeue(LINUX_FUTEX_CMP_REQUEUE | PRIVATE, 1, 2, OTHER), -LINUX_EAGAIN);
    CHECK_STEPS(key, "key 2000");
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE | PRIVATE, 1, 2, OTHER), 1);
    CHECK_STEPS(key, "key 2000", "wake 1", "move 2");
}

TEST(a_move_that_fails)
{
    start();
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, UINT32_MAX, 2, OTHER), -LINUX_EINVAL);
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, 1, UINT32_MAX, OTHER), -LINUX_EINVAL);
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, 1, 2, (struct uaddr){0x2001}), -LINUX_EINVAL);
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, 1, 2, (struct uaddr){0x2002}), -LINUX_EINVAL);
    CHECK_STR_EQ(journal, "");
    key_error = -E_INVAL;
    CHECK_EQ(requeue(LINUX_FUTEX_REQUEUE, 1, 2, OTHER), -LINUX_EFAULT);
    keys = 0;
    key_errors_from = 1;
    journal_clear();
    CHECK_EQ(linux_futex(WORD, LINUX_FUTEX_REQUEUE, 1, (struct uaddr){2}, OTHER), -LINUX_EFAULT);
    CHECK_STEPS("key 1000 shared", "key 2000 shared");
    key_error = 0;
    CHECK_EQ(linux_futex(BAD, LINUX_FUTEX_CMP_REQUEUE, 1, (struct uaddr){2}, OTHER), -LINUX_EFAULT);
    CHECK_STEPS("key 8 shared", "key 2000 shared");
    CHECK_EQ(linux_futex(BAD, LINUX_FUTEX_REQUEUE, 1, (struct uaddr){2}, OTHER), 1); /* reads no word */
}

TEST(what_there_is_not)
{
    start();
    for (uintptr_t i = 1; i < 4; i++)
        CHECK_EQ(linux_futex((struct uaddr){WORD.va + i}, LINUX_FUTEX_WAKE, 1, NOWHERE, NOWHERE),
                 -LINUX_EINVAL);
    for (uint32_t command = 0; command < 16; command++) {
        bool is = command <= LINUX_FUTEX_WAKE || command == LINUX_FUTEX_REQUEUE ||
                  command == LINUX_FUTEX_CMP_REQUEUE || command == LINUX_FUTEX_WAIT_BITSET ||
                  command == LINUX_FUTEX_WAKE_BITSET;
        third(command == LINUX_FUTEX_CMP_REQUEUE ? word : LINUX_FUTEX_ANY);
        CHECK_EQ(requeue(command, 1, 0, OTHER) == -LINUX_ENOSYS, !is);
        CHECK_EQ(requeue(command | PRIVATE, 1, 0, OTHER) == -LINUX_ENOSYS, !is);
        CHECK_EQ(requeue(command | REALTIME, 1, 0, OTHER) == -LINUX_ENOSYS,
                 command != LINUX_FUTEX_WAIT_BITSET);
    }
    CHECK_EQ(requeue(LINUX_FUTEX_WAKE | 0x200, 1, 0, OTHER), -LINUX_ENOSYS);
}
