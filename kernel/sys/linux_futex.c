/* SPDX-License-Identifier: MIT */
/*
 * linux_futex - futex(): waiting for a word to change, and waking those that wait.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/linux_futex.h"
#include "sys/linux.h"

struct call {
    struct uaddr word, time, other;
    uint32_t op, value, value3;
    bool wide; /* `time` has 64-bit seconds */
};

static bool is_shared(const struct call *call)
{
    return !(call->op & LINUX_FUTEX_PRIVATE);
}

static uint32_t command_of(const struct call *call)
{
    return call->op & ~(LINUX_FUTEX_PRIVATE | LINUX_FUTEX_CLOCK_REALTIME);
}

static int32_t futex_error(int error)
{
    return error == -E_INVAL ? -LINUX_EFAULT : linux_error(error);
}

static int32_t wait(const struct call *call)
{
    struct futex_key key;
    uint64_t ticks = FUTEX_FOR_EVER;
    bool absolute = command_of(call) == LINUX_FUTEX_WAIT_BITSET;
    if (absolute && call->value3 != LINUX_FUTEX_ANY)
        return call->value3 == 0 ? -LINUX_EINVAL : -LINUX_ENOSYS;
    int32_t error = call->time.va != 0 ? linux_get_ticks(&ticks, call->time, absolute, call->wide) : 0;
    if (error == 0)
        error = futex_error(futex_key(&key, call->word, is_shared(call)));
    return error != 0 ? error : futex_error(futex_wait(&key, call->word, call->value, ticks));
}

static int32_t wake(const struct call *call)
{
    struct futex_key key;
    if (command_of(call) == LINUX_FUTEX_WAKE_BITSET && call->value3 != LINUX_FUTEX_ANY)
        return call->value3 == 0 ? -LINUX_EINVAL : -LINUX_ENOSYS;
    int32_t error = futex_error(futex_key(&key, call->word, is_shared(call)));
    if (error != 0)
        return error;
    return (int32_t)futex_wake(&key, MAX((int32_t)call->value, 1)); /* as on Linux, none is one */
}

/* Wake `value` and let as many as the number in the place of the time wait for the other word. */
static int32_t requeue(const struct call *call)
{
    struct futex_key key, other;
    bool compare = command_of(call) == LINUX_FUTEX_CMP_REQUEUE;
    int32_t wakes = (int32_t)call->value, moves = (int32_t)call->time.va;
    uint32_t word;
    if (wakes < 0 || moves < 0 || call->other.va % sizeof(word) != 0)
        return -LINUX_EINVAL;
    int32_t error = futex_error(futex_key(&key, call->word, is_shared(call)));
    if (error == 0)
        error = futex_error(futex_key(&other, call->other, is_shared(call)));
    if (error == 0 && compare)
        error = linux_get(&word, call->word, sizeof(word));
    if (error != 0)
        return error;
    if (compare && word != call->value3)
        return -LINUX_EAGAIN;
    uint32_t woken = futex_wake(&key, (uint32_t)wakes);
    uint32_t moved = futex_move(&key, &other, (uint32_t)moves);
    return (int32_t)(woken + (compare ? moved : 0));
}

static int32_t futex(const struct call *call)
{
    if (call->word.va % sizeof(uint32_t) != 0)
        return -LINUX_EINVAL;
    if ((call->op & LINUX_FUTEX_CLOCK_REALTIME) && command_of(call) != LINUX_FUTEX_WAIT_BITSET)
        return -LINUX_ENOSYS;
    switch (command_of(call)) {
    case LINUX_FUTEX_WAIT:
    case LINUX_FUTEX_WAIT_BITSET:
        return wait(call);
    case LINUX_FUTEX_WAKE:
    case LINUX_FUTEX_WAKE_BITSET:
        return wake(call);
    case LINUX_FUTEX_REQUEUE:
    case LINUX_FUTEX_CMP_REQUEUE:
        return requeue(call);
    default:
        return -LINUX_ENOSYS;
    }
}

/* The sixth argument, of a bit set or for a comparison. */
static uint32_t value3(void)
{
    return proc_trapframe(current)->ebp;
}

int32_t linux_futex(struct uaddr word, uint32_t op, uint32_t value, struct uaddr time, struct uaddr other)
{
    return futex(&(struct call){word, time, other, op, value, value3(), false});
}

int32_t linux_futex_time64(struct uaddr word, uint32_t op, uint32_t value, struct uaddr time,
                           struct uaddr other)
{
    return futex(&(struct call){word, time, other, op, value, value3(), true});
}
