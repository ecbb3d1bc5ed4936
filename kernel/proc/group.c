/* SPDX-License-Identifier: MIT */
/*
 * group - process groups. pid.c counts their members; the members of one are found by looking at all pids.
 */
#include "proc/group.h"

#include <ucow/errno.h>

#include "lib/util.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "proc/terminal.h"

/* Between two points at which others may run. */
#define MEMBERS_AT_ONCE 32
#define PIDS_AT_ONCE 1024

/* Whether processes may join `group`, which may be any number. */
static bool is_open(int group)
{
    return group != init_proc->pid && pid_group_exists(group);
}

int group_set(int pid, int group)
{
    if (pid < 0 || group < 0)
        return -E_INVAL;
    struct proc *proc = pid == 0 ? current : proc_find(pid);
    if (proc == NULL || (proc != current && proc->parent != current))
        return -E_BAD_PROC;
    if (group == 0)
        group = proc->pid;
    if (group != proc->pid && !is_open(group))
        return -E_INVAL;
    int old = proc->group;
    pid_group_join(group);
    proc->group = group;
    group_left(old);
    return 0;
}

int group_of(int pid)
{
    const struct proc *proc = pid == 0 ? current : proc_find(pid);
    return proc == NULL ? -E_BAD_PROC : proc->group;
}

bool group_hold(int group)
{
    bool exists = pid_group_exists(group);
    if (exists)
        pid_group_join(group);
    return exists;
}

void group_left(int group)
{
    if (pid_group_leave(group))
        terminal_group_gone(group);
}

int group_kill_some(int group, int *next)
{
    int killed = 0, members = 0, pid = *next, end = MIN(pid + PIDS_AT_ONCE, pid_limit());
    for (; pid < end && members < MEMBERS_AT_ONCE; pid++) {
        const struct proc *proc = proc_find(pid);
        if (proc == NULL || proc->group != group)
            continue;
        members++; /* also those that are dying: there may be thousands */
        killed += do_kill(pid) == 0;
    }
    *next = pid < pid_limit() ? pid : 0;
    return killed;
}

int group_kill(int group)
{
    int error = -E_KILLED;
    bool killed;
    if (group == init_proc->pid || !group_hold(group))
        return -E_INVAL;
    do { /* again, because a member that was forking may have published a child meanwhile */
        killed = false;
        for (int next = 1; next != 0; sched_point()) /* a killed caller goes on */
            killed |= group_kill_some(group, &next) > 0;
        if (killed)
            error = 0;
    } while (killed);
    group_left(group);
    return error;
}

int group_set_foreground(int group)
{
    if (!is_open(group))
        return -E_INVAL;
    terminal_set_foreground(group);
    return 0;
}
