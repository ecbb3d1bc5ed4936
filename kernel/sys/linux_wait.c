/* SPDX-License-Identifier: MIT */
/*
 * linux_wait - waitpid, wait4 and waitid: how a child ended, in the words of Linux.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/exit.h"
#include "proc/proc.h"
#include "proc/wait.h"
#include "sys/linux.h"

#define ANY_KIND (LINUX_WNOTHREAD | LINUX_WALL | LINUX_WCLONE) /* of children: there is one */
#define STOPS (LINUX_WUNTRACED | LINUX_WCONTINUED)

/* The signal of each exception, as Linux has them. */
static const uint8_t signal_of[TRAP_EXCEPTIONS] = {
    [0] = LINUX_SIGFPE,  [1] = LINUX_SIGTRAP, [3] = LINUX_SIGTRAP,  [4] = LINUX_SIGSEGV,
    [5] = LINUX_SIGSEGV, [6] = LINUX_SIGILL,  [9] = LINUX_SIGFPE,   [10] = LINUX_SIGSEGV,
    [11] = LINUX_SIGBUS, [12] = LINUX_SIGBUS, [13] = LINUX_SIGSEGV, [14] = LINUX_SIGSEGV,
    [16] = LINUX_SIGFPE, [17] = LINUX_SIGBUS, [19] = LINUX_SIGFPE};

uint32_t linux_status(const struct proc *zombie)
{
    uint32_t signal = LINUX_SIGKILL;
    switch (zombie->exit_reason) {
    case EXIT_CALL:
        return ((uint32_t)zombie->exit_code & 0xFF) << 8;
    case EXIT_KILL:
        return zombie->kill_signal != 0 ? zombie->kill_signal : signal;
    case EXIT_FAULT:
        return zombie->fault_trap < TRAP_EXCEPTIONS ? signal_of[zombie->fault_trap] : signal;
    case EXIT_SWAP:
        return LINUX_SIGBUS;
    default:
        return signal;
    }
}

/* Wait for `child`, any if it is 0. Returns 0; an error. *zombie is NULL if WNOHANG is in `options` and no
 * child has ended. */
static int32_t wait_for(int child, uint32_t options, struct proc **zombie)
{
    int error = options & LINUX_WNOHANG ? do_wait_now(child, zombie) : do_wait(child, zombie);
    return error == -E_BAD_PROC ? -LINUX_ECHILD : linux_error(error);
}

/* Write that a child used nothing. */
static int32_t put_usage(struct uaddr rusage)
{
    static const uint8_t usage[LINUX_RUSAGE_BYTES];
    return rusage.va != 0 ? linux_put(rusage, usage, sizeof(usage)) : 0;
}

/* The `pid` of do_wait() for that of wait4(): 0 for any child. A group other than the caller's has no
 * children, because programs for Linux do not change theirs. */
static int32_t find_child(int32_t pid, int *child)
{
    if (pid == INT32_MIN)
        return -LINUX_ESRCH;
    if (pid < -1 && -pid != current->group)
        return -LINUX_ECHILD;
    *child = MAX(pid, 0);
    return 0;
}

int32_t linux_wait4(int32_t pid, struct uaddr status, int32_t options, struct uaddr rusage)
{
    struct proc *zombie;
    int child;
    if (((uint32_t)options & ~(LINUX_WNOHANG | STOPS | ANY_KIND)) != 0)
        return -LINUX_EINVAL;
    int32_t error = find_child(pid, &child);
    if (error == 0)
        error = wait_for(child, (uint32_t)options, &zombie);
    if (error != 0)
        return error;
    if (zombie == NULL)
        return 0;
    const uint32_t word = linux_status(zombie);
    pid = zombie->pid;
    do_reap(zombie); /* as on Linux, even if its status cannot be written */
    error = status.va != 0 ? linux_put(status, &word, sizeof(word)) : 0;
    if (error == 0)
        error = put_usage(rusage);
    return error != 0 ? error : pid;
}

int32_t linux_waitpid(int32_t pid, struct uaddr status, int32_t options)
{
    return linux_wait4(pid, status, options, (struct uaddr){0});
}

/* The same as find_child() for waitid(). */
static int32_t find_child_of(int32_t which, int32_t pid, int *child)
{
    if (which < LINUX_P_ALL || which > LINUX_P_PGID || (which == LINUX_P_PID && pid == 0) ||
        (which != LINUX_P_ALL && pid < 0))
        return -LINUX_EINVAL;
    if (which == LINUX_P_PGID && pid != 0 && pid != current->group)
        return -LINUX_ECHILD;
    *child = which == LINUX_P_PID ? pid : 0;
    return 0;
}

/* Wait as waitid() does, and fill in `info`; it stays as it is if no child has ended. */
static int32_t wait_id(int32_t which, int32_t pid, uint32_t options, struct linux_siginfo *info)
{
    struct proc *zombie;
    int child;
    if ((options & ~(LINUX_WNOHANG | LINUX_WNOWAIT | LINUX_WEXITED | STOPS | ANY_KIND)) != 0 ||
        !(options & (LINUX_WEXITED | STOPS)))
        return -LINUX_EINVAL;
    int32_t error = find_child_of(which, pid, &child);
    if (error == 0 && !(options & LINUX_WEXITED))
        error = -LINUX_ENOSYS; /* nothing stops */
    if (error == 0)
        error = wait_for(child, options, &zombie);
    if (error != 0 || zombie == NULL)
        return error;
    const uint32_t word = linux_status(zombie), signal = word & 0x7F;
    *info = (struct linux_siginfo){.signal = LINUX_SIGCHLD,
                                   .code = signal != 0 ? LINUX_CLD_KILLED : LINUX_CLD_EXITED,
                                   .pid = zombie->pid,
                                   .status = signal != 0 ? signal : word >> 8};
    if (!(options & LINUX_WNOWAIT))
        do_reap(zombie);
    return 0;
}

int32_t linux_waitid(int32_t which, int32_t pid, struct uaddr to, int32_t options, struct uaddr rusage)
{
    struct linux_siginfo info = {0};
    int32_t error = wait_id(which, pid, (uint32_t)options, &info);
    int32_t bad = info.signal != 0 ? put_usage(rusage) : 0;
    if (bad == 0 && to.va != 0)
        bad = linux_put(to, &info, sizeof(info)); /* as on Linux, also after an error */
    return bad != 0 ? bad : error;
}
