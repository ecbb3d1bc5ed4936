/* SPDX-License-Identifier: MIT */
/*
 * sys_proc - system calls about processes and the whole system.
 */
#include <ucow/errno.h>

#include "check/hooks.h"
#include "fs/bootfs.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "proc/abi.h"
#include "proc/exec.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/group.h"
#include "proc/kill.h"
#include "proc/pid.h"
#include "proc/proc_rules.h"
#include "proc/sched.h"
#include "proc/sleep.h"
#include "proc/wait.h"
#include "sys/syscall.h"
#include "watch/ledger.h"

int32_t sys_exit(int32_t code)
{
    do_exit(EXIT_CALL, code);
}

int32_t sys_fork(void)
{
    int pid = do_fork(0, 0);
    RULE(pid != 0, "fork returns 0 in the parent, pid %d \"%s\", and must return the child's pid: do_fork()",
         current->pid, current->name);
    return pid;
}

int32_t sys_clone(uint32_t flags, uintptr_t stack)
{
    return do_fork(flags, stack);
}

/* Whether the exit code of a child is at `at`, which the program may read. */
static bool code_arrived(struct uaddr at, int code)
{
    int seen;
    return at.va == 0 || copy_from_user(&seen, at, sizeof(seen)) != 0 || seen == code;
}

/* Check that `zombie`, which was process `child`, is reaped, and `exit_code` stored. */
static void check_handed_over(const struct proc *zombie, int child, int exit_code, struct uaddr pid,
                              struct uaddr code)
{
    RULE(proc_find(child) != zombie,
         "wait of pid %d \"%s\" tells of the end of pid %d, but does not free it: do_reap()", current->pid,
         current->name, child);
    RULE(pid.va != 0 || code_arrived(code, exit_code), /* the pid may be stored over it */
         "wait of pid %d \"%s\" does not store %d, the exit code of pid %d, at 0x%08x: copy_to_user()",
         current->pid, current->name, exit_code, child, (unsigned)code.va);
}

/* Store the code and the pid of a zombie child where addresses are given, and reap it; on error, keep it. */
static int hand_over(struct proc *zombie, struct uaddr pid, struct uaddr code)
{
    int child = zombie->pid, exit_code = zombie->exit_code, error = 0;
    if (code.va != 0)
        error = copy_to_user(code, &zombie->exit_code, sizeof(zombie->exit_code));
    if (error == 0 && pid.va != 0)
        error = copy_to_user(pid, &zombie->pid, sizeof(zombie->pid));
    if (error == 0) {
        do_reap(zombie);
        if (rules_due())
            check_handed_over(zombie, child, exit_code, pid, code);
    }
    return error;
}

int32_t sys_wait(int32_t pid, struct uaddr code)
{
    struct proc *zombie;
    int error = do_wait(pid, &zombie);
    return error != 0 ? error : hand_over(zombie, (struct uaddr){0}, code);
}

int32_t sys_waitany(struct uaddr pid, struct uaddr code, uint32_t flags)
{
    struct proc *zombie;
    if ((flags & ~(uint32_t)WNOHANG) != 0)
        return -E_INVAL;
    int error = (flags & WNOHANG) != 0 ? do_wait_now(0, &zombie) : do_wait(0, &zombie);
    if (error != 0)
        return error;
    return zombie == NULL ? 1 : hand_over(zombie, pid, code);
}

int32_t sys_yield(void)
{
    sched_yield();
    return 0;
}

int32_t sys_setpriority(uint32_t n)
{
    if (n > PRIORITY_MAX)
        return -E_INVAL;
    sched_set_priority(MAX(n, 1u));
    return 0;
}

int32_t sys_sleep(uint32_t ticks)
{
    return do_sleep(ticks);
}

int32_t sys_kill(int32_t pid)
{
    if (pid >= 0)
        return do_kill(pid);
    return pid == INT32_MIN ? -E_INVAL : group_kill(-pid);
}

int32_t sys_setpgid(int32_t pid, int32_t group)
{
    return group_set(pid, group);
}

int32_t sys_getpgid(int32_t pid)
{
    return group_of(pid);
}

int32_t sys_tcsetpgrp(int32_t group)
{
    return group_set_foreground(group);
}

int32_t sys_gettime(void)
{
    return (int32_t)timer_ticks();
}

int32_t sys_getpid(void)
{
    return current->pid;
}

int32_t sys_getppid(void)
{
    /* LAB 1 begin: sys_getppid */
    return current->parent->pid;
    /* LAB 1 end */
}

/* Copy the strings of argv into `strings`, a buffer of EXEC_MAX_BYTES, and fill in `args`.
 * Returns 0; -E_INVAL if a pointer is bad, -E_TOO_BIG if the strings do not fit, -E_NO_MEM. */
static int copy_args(struct exec_args *args, char *strings, int argc, struct uaddr argv)
{
    args->bytes = 0;
    for (int i = 0; i < argc; i++) {
        struct uaddr string;
        int error = copy_from_user(&string.va, uaddr_plus(argv, 4 * (size_t)i), 4);
        if (error != 0)
            return error;
        int length = copy_string_from_user(strings + args->bytes, string, EXEC_MAX_BYTES - args->bytes);
        if (length < 0)
            return length;
        args->start[i] = (uint16_t)args->bytes;
        args->bytes += (size_t)length + 1;
    }
    args->argc = argc;
    args->envc = 0;
    args->strings = strings;
    return 0;
}

int32_t sys_exec(struct uaddr name, int32_t argc, struct uaddr argv)
{
    char program[PROC_NAME_SIZE];
    int length = copy_string_from_user(program, name, sizeof(program));
    if (length == -E_TOO_BIG)
        return -E_NOENT; /* no program's name is that long */
    if (length < 0)
        return length;
    if (argc < 0)
        return -E_INVAL;
    if (argc > EXEC_MAX_ARGS)
        return -E_TOO_BIG;
    char *strings = kmalloc(EXEC_MAX_BYTES);
    if (strings == NULL)
        return -E_NO_MEM;
    struct exec_args args; /* copy_args() fills it in */
    int error = copy_args(&args, strings, argc, argv);
    if (error == 0)
        error = do_execve(program, &args);
    kfree(strings);
    return error;
}

int32_t sys_programs(struct uaddr buf, uint32_t n, uint32_t first)
{
    struct program_info info;
    for (size_t i = first, filled = 0; filled < n && i < bootfs_count(); i++) {
        const struct bootfs_file *file = bootfs_at(i);
        memset(&info, 0, sizeof(info));
        strlcpy(info.name, file->name, sizeof(info.name));
        info.bytes = (unsigned)file->size;
        int error = copy_to_user(uaddr_plus(buf, filled++ * sizeof(info)), &info, sizeof(info));
        if (error != 0)
            return error;
    }
    return (int32_t)bootfs_count();
}

static void describe(const struct proc *proc, struct proc_info *info)
{
    uint32_t eflags = spin_lock_irqsave(&sched_lock); /* interrupt handlers change states */
    *info = (struct proc_info){
        .pid = proc->pid,
        .parent = proc->parent != NULL ? proc->parent->pid : 0,
        .state = proc->state,
        .killed = proc->killed,
        .exit_code = proc->exit_code,
        .exit_reason = proc->exit_reason,
        .runs = proc->runs,
        .linux_calls = abi_is_linux(proc->abi),
    };
    spin_unlock_irqrestore(&sched_lock, eflags);
    info->pages = proc->mm != NULL ? (unsigned)mm_page_count(proc->mm) : 0;
    strlcpy(info->name, proc->name, sizeof(info->name));
}

int32_t sys_procs(struct uaddr buf, uint32_t n, uint32_t first_pid)
{
    struct proc_info info;
    for (uint32_t pid = first_pid, filled = 0; filled < n && pid < (uint32_t)pid_limit(); pid++) {
        int error = sched_point();
        if (error != 0)
            return error;
        const struct proc *proc = proc_find((int)pid);
        if (proc == NULL)
            continue;
        describe(proc, &info);
        error = copy_to_user(uaddr_plus(buf, filled++ * sizeof(info)), &info, sizeof(info));
        if (error != 0)
            return error;
    }
    return (int32_t)proc_count();
}

int32_t sys_meminfo(struct uaddr to)
{
    struct swap_info swap;
    swap_read_info(&swap);
    const struct mem_info info = {
        .total = (unsigned)page_total_count(),
        .free = (unsigned)page_free_count(),
        .user = (unsigned)page_owner_count(PAGE_USER),
        .pgtables = (unsigned)page_owner_count(PAGE_PGTABLE),
        .kstacks = (unsigned)page_owner_count(PAGE_KSTACK),
        .cache = (unsigned)page_owner_count(PAGE_CACHE),
        .heap = (unsigned)page_owner_count(PAGE_HEAP),
        .heap_bytes = (unsigned)kmem_used_bytes(),
        .processes = (unsigned)proc_count(),
        .shared = (unsigned)page_owner_count(PAGE_SHARED),
        .swap_total = (unsigned)swap.slots,
        .swap_free = (unsigned)swap.free,
        .swap_in = (unsigned)swap.reads,
        .swap_out = (unsigned)swap.writes,
    };
    return copy_to_user(to, &info, sizeof(info));
}

int32_t sys_ledger(struct uaddr buf, uint32_t n, uint32_t first)
{
    struct ledger_info info;
    for (size_t i = first, filled = 0; filled < n && i < ledger_count(); i++) {
        ledger_read(i, &info);
        int error = copy_to_user(uaddr_plus(buf, filled++ * sizeof(info)), &info, sizeof(info));
        if (error != 0)
            return error;
    }
    return (int32_t)ledger_count();
}

int32_t sys_inject(uint32_t kind, uint32_t nth, uint32_t flags)
{
    return inject_plan(current->pid, kind, nth, flags);
}
