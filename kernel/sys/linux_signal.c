/* SPDX-License-Identifier: MIT */
/*
 * linux_signal - signals without handlers: each has its default action, or is ignored or blocked.
 *
 *   ended by         all but those below
 *   nothing          SIGCHLD, SIGCONT, SIGURG, SIGWINCH
 *   not there        SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU: kill() returns -ENOSYS
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/group.h"
#include "proc/kill.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "sys/linux.h"

#define SET_BYTES 8

static uint64_t bit_of(int32_t sig)
{
    return 1ull << (sig - 1);
}

#define BIT_OF(sig) (1ull << ((sig)-1))
#define UNBLOCKABLE (BIT_OF(LINUX_SIGKILL) | BIT_OF(LINUX_SIGSTOP))
#define STOPS (BIT_OF(LINUX_SIGSTOP) | BIT_OF(LINUX_SIGTSTP) | BIT_OF(LINUX_SIGTTIN) | BIT_OF(LINUX_SIGTTOU))
#define HARMLESS \
    (BIT_OF(LINUX_SIGCHLD) | BIT_OF(LINUX_SIGCONT) | BIT_OF(LINUX_SIGURG) | BIT_OF(LINUX_SIGWINCH))

/* Send `sig` to `proc`. Returns 0; -EINVAL, -ENOSYS. */
static int32_t send(struct proc *proc, int32_t sig)
{
    struct linux_proc *state = proc->linux_state;
    if (sig < 0 || sig > LINUX_SIGNALS)
        return -LINUX_EINVAL;
    if (sig == 0 || proc->kernel)
        return 0; /* as on Linux, no signal reaches init or a kernel thread */
    if (bit_of(sig) & STOPS)
        return -LINUX_ENOSYS;
    if (bit_of(sig) & HARMLESS)
        return 0;
    if (state != NULL && (state->leader->linux_state->ignored & bit_of(sig)))
        return 0;
    if (state != NULL && (state->blocked & bit_of(sig)))
        state->pending |= bit_of(sig);
    else
        do_kill_by(proc->pid, (uint8_t)sig); /* one that is dying or dead has got it all the same */
    return 0;
}

static int32_t send_to_pid(int32_t pid, int32_t sig)
{
    struct proc *proc = proc_find(pid);
    return proc == NULL || pid <= 0 ? -LINUX_ESRCH : send(proc, sig);
}

/* Whether it is a thread of the current process. */
static bool is_mine(const struct proc *proc)
{
    return proc->linux_state != NULL && proc->linux_state->leader == current->linux_state->leader;
}

/* Send `sig` to the processes of `group`, or, if that is 0, to all but the caller's. Returns 0 if one got it,
 * else the last error, -ESRCH if there is no such process. */
static int32_t send_to_group(int32_t group, int32_t sig)
{
    int32_t result = -LINUX_ESRCH;
    if (group != 0 && !group_hold(group))
        return result;
    for (int pid = 2; pid < pid_limit(); pid++) {
        struct proc *proc = proc_find(pid);
        if (proc != NULL && (group == 0 ? !is_mine(proc) : proc->group == group)) {
            int32_t error = send(proc, sig);
            result = result == 0 ? 0 : error;
        }
        sched_point(); /* a killed caller goes on */
    }
    if (group != 0)
        group_left(group);
    return result;
}

int32_t linux_kill(int32_t pid, int32_t sig)
{
    if (pid > 0)
        return send_to_pid(pid, sig);
    if (pid == INT32_MIN)
        return -LINUX_ESRCH;
    return send_to_group(pid == 0 ? current->group : pid == -1 ? 0 : -pid, sig);
}

int32_t linux_tkill(int32_t tid, int32_t sig)
{
    return tid <= 0 ? -LINUX_EINVAL : send_to_pid(tid, sig);
}

int32_t linux_tgkill(int32_t group, int32_t tid, int32_t sig)
{
    if (group <= 0 || tid <= 0)
        return -LINUX_EINVAL;
    const struct proc *proc = proc_find(tid);
    int process = proc != NULL && proc->linux_state != NULL ? proc->linux_state->leader->pid : tid;
    return group != process ? -LINUX_ESRCH : linux_tkill(tid, sig);
}

int32_t linux_rt_sigaction(int32_t sig, struct uaddr action, struct uaddr old, uint32_t size)
{
    struct linux_proc *state = current->linux_state->leader->linux_state; /* all threads share it */
    struct linux_sigaction new, was = {0};
    if (size != SET_BYTES || sig < 1 || sig > LINUX_SIGNALS)
        return -LINUX_EINVAL;
    if (action.va != 0 && (bit_of(sig) & UNBLOCKABLE))
        return -LINUX_EINVAL;
    int32_t error = action.va != 0 ? linux_get(&new, action, sizeof(new)) : 0;
    if (error == 0 && action.va != 0 && new.handler > LINUX_SIG_IGN && !(bit_of(sig) & HARMLESS))
        return -LINUX_ENOSYS; /* a handler would never run */
    was.handler = state->ignored & bit_of(sig) ? LINUX_SIG_IGN : LINUX_SIG_DFL;
    if (error == 0 && old.va != 0)
        error = linux_put(old, &was, sizeof(was));
    if (error != 0 || action.va == 0)
        return error;
    state->ignored = (state->ignored & ~bit_of(sig)) | (new.handler == LINUX_SIG_IGN ? bit_of(sig) : 0);
    if (new.handler == LINUX_SIG_IGN)
        state->pending &= ~bit_of(sig);
    return 0;
}

/* Deliver a signal that is pending and not blocked, if there is one: the caller ends. */
static void deliver_pending(struct linux_proc *state)
{
    uint64_t due = state->pending & ~state->blocked;
    if (due == 0)
        return;
    int32_t sig = 1;
    while (!(due & bit_of(sig)))
        sig++;
    state->pending &= ~bit_of(sig);
    do_kill_by(current->pid, (uint8_t)sig);
}

int32_t linux_rt_sigprocmask(int32_t how, struct uaddr set, struct uaddr old, uint32_t size)
{
    struct linux_proc *state = current->linux_state;
    uint64_t given = 0, was = state->blocked;
    if (size != SET_BYTES)
        return -LINUX_EINVAL;
    int32_t error = set.va != 0 ? linux_get(&given, set, sizeof(given)) : 0;
    if (error != 0)
        return error;
    if (set.va != 0 && (how < LINUX_SIG_BLOCK || how > LINUX_SIG_SETMASK))
        return -LINUX_EINVAL;
    if (set.va != 0) {
        if (how == LINUX_SIG_BLOCK)
            given |= was;
        else if (how == LINUX_SIG_UNBLOCK)
            given = was & ~given;
        state->blocked = given & ~UNBLOCKABLE;
        deliver_pending(state);
    }
    return old.va != 0 ? linux_put(old, &was, sizeof(was)) : 0;
}
