/* SPDX-License-Identifier: MIT */
/*
 * linux_proc - processes: fork and clone, execve, exit, and what a program asks about itself.
 */
#include <ucow/errno.h>

#include "arch/i386/gdt.h"
#include "fs/bootfs.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "proc/exec.h"
#include "proc/exit.h"
#include "proc/linux.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/sched.h"
#include "sys/linux.h"

#define PATH_BYTES 128u
#define RANDOM_PIECE 64u

#define CLONE_KNOWN                                                                              \
    (LINUX_CSIGNAL | LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | \
     LINUX_CLONE_VFORK | LINUX_CLONE_THREAD | LINUX_CLONE_SYSVSEM | LINUX_CLONE_SETTLS |         \
     LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID | LINUX_CLONE_DETACHED |             \
     LINUX_CLONE_CHILD_SETTID)

int32_t linux_exit_group(int32_t code)
{
    code &= 0xFF; /* its parent would not see more */
    linux_end_process((struct linux_end){EXIT_CALL, code, 0, 0});
    do_exit(EXIT_CALL, code);
}

int32_t linux_exit(int32_t code)
{
    code &= 0xFF;
    linux_clear_tid(); /* others may wait for it, for whom it waits */
    if (linux_await_threads(&code) != 0)
        do_exit(EXIT_KILL, -E_KILLED);
    do_exit(EXIT_CALL, code);
}

int32_t linux_fork(void)
{
    return linux_error(linux_ask(NR_fork, 0, 0, 0, 0));
}

int32_t linux_vfork(void)
{
    return linux_fork();
}

/* Read a descriptor of set_thread_area(). Returns 0; -EFAULT; -EINVAL unless it is a flat, writable data
 * segment. */
static int32_t get_tls(struct linux_user_desc *desc, struct uaddr from)
{
    int32_t error = linux_get(desc, from, sizeof(*desc));
    if (error == 0 && (desc->limit != 0xFFFFF || (desc->bits & 0x7F) != LINUX_TLS_FLAT))
        error = -LINUX_EINVAL;
    return error;
}

int32_t linux_set_thread_area(struct uaddr descriptor)
{
    struct linux_user_desc desc;
    const uint32_t entry = LINUX_TLS_ENTRY;
    int32_t error = get_tls(&desc, descriptor);
    if (error != 0)
        return error;
    if (desc.entry == UINT32_MAX) {
        if (current->linux_state->thread.tls != 0)
            return -LINUX_ESRCH; /* there is one descriptor */
        error = linux_put(descriptor, &entry, sizeof(entry));
        if (error != 0)
            return error;
    } else if (desc.entry != LINUX_TLS_ENTRY) {
        return -LINUX_EINVAL;
    }
    linux_set_tls(gdt_tls_descriptor(desc.base));
    return 0;
}

static bool clone_flags_ok(uint32_t flags)
{
    bool known = (flags & ~CLONE_KNOWN) == 0;
    bool sighand = !(flags & LINUX_CLONE_SIGHAND) || (flags & LINUX_CLONE_VM);
    return known && sighand && (!(flags & LINUX_CLONE_THREAD) || (flags & LINUX_CLONE_SIGHAND));
}

int32_t linux_clone(uint32_t flags, uintptr_t stack, struct uaddr parent_tid, struct uaddr tls,
                    struct uaddr child_tid)
{
    struct linux_thread child = {.tls = current->linux_state->thread.tls};
    if (!clone_flags_ok(flags))
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_THREAD) && linux_is_ending())
        return -LINUX_EAGAIN;
    if (flags & LINUX_CLONE_SETTLS) {
        struct linux_user_desc desc;
        int32_t error = get_tls(&desc, tls);
        if (error == 0 && desc.entry != LINUX_TLS_ENTRY)
            error = -LINUX_EINVAL;
        if (error != 0)
            return error;
        child.tls = gdt_tls_descriptor(desc.base);
    }
    child.set_tid = flags & LINUX_CLONE_CHILD_SETTID ? child_tid.va : 0;
    child.clear_tid = flags & LINUX_CLONE_CHILD_CLEARTID ? child_tid.va : 0;
    current->linux_state->child = &child;
    /* A child that shares its memory only until exec, as vfork() makes it, gets a copy: its parent goes on.
     */
    bool shares = (flags & (LINUX_CLONE_VM | LINUX_CLONE_VFORK)) == LINUX_CLONE_VM;
    int32_t pid = linux_error(linux_ask(NR_clone, shares ? CLONE_VM : 0, stack, 0, 0));
    current->linux_state->child = NULL;
    if (pid > 0 && (flags & LINUX_CLONE_THREAD))
        linux_thread_add(proc_find(pid)); /* no other process has run since it was made */
    if (pid > 0 && (flags & LINUX_CLONE_PARENT_SETTID))
        linux_put(parent_tid, &pid,
                  sizeof(pid)); /* as on Linux, the child is there whether this works or not */
    return pid;
}

int32_t linux_set_tid_address(struct uaddr to)
{
    current->linux_state->thread.clear_tid = to.va;
    return current->pid;
}

/* Append the strings of the vector at `from`, up to its NULL, to `args`. Returns how many, or an error. */
static int32_t get_strings(struct exec_args *args, char *strings, int have, struct uaddr from)
{
    for (int n = 0;; n++) {
        struct uaddr string;
        if (from.va == 0)
            return 0; /* as on Linux, no vector is an empty one */
        int32_t error = linux_get(&string.va, uaddr_plus(from, 4 * (size_t)n), 4);
        if (error != 0)
            return error;
        if (string.va == 0)
            return n;
        if (have + n == EXEC_MAX_ARGS)
            return -LINUX_E2BIG;
        int length = copy_string_from_user(strings + args->bytes, string, EXEC_MAX_BYTES - args->bytes);
        if (length < 0)
            return length == -E_INVAL ? -LINUX_EFAULT : linux_error(length);
        args->start[have + n] = (uint16_t)args->bytes;
        args->bytes += (size_t)length + 1;
    }
}

/* Read both vectors. */
static int32_t get_args(struct exec_args *args, char *strings, struct uaddr argv, struct uaddr envp)
{
    args->bytes = 0;
    args->strings = strings;
    args->argc = get_strings(args, strings, 0, argv);
    if (args->argc < 0)
        return args->argc;
    args->envc = get_strings(args, strings, args->argc, envp);
    return MIN(args->envc, 0);
}

int32_t linux_execve(struct uaddr path, struct uaddr argv, struct uaddr envp)
{
    char text[PATH_BYTES];
    if (current->linux_state->leader != current)
        return -LINUX_ENOSYS; /* the program would have the pid of the leader */
    int length = copy_string_from_user(text, path, sizeof(text));
    if (length < 0)
        return length == -E_INVAL     ? -LINUX_EFAULT
               : length == -E_TOO_BIG ? -LINUX_ENAMETOOLONG
                                      : linux_error(length);
    const char *name = text; /* the boot archive has no folders: what follows the last slash counts */
    for (const char *at = text; *at != '\0'; at++)
        name = *at == '/' ? at + 1 : name;
    if (bootfs_find(name) == NULL)
        return -LINUX_ENOENT; /* before the vectors are read, as on Linux */
    char *strings = kmalloc(EXEC_MAX_BYTES);
    if (strings == NULL)
        return -LINUX_ENOMEM;
    struct exec_args args;
    int32_t error = get_args(&args, strings, argv, envp);
    if (error == 0)
        error = linux_error(do_execve(name, &args));
    kfree(strings);
    return error;
}

/* The pid that a program sees of its process, or its parent: that of the first thread. */
static int32_t process_of(const struct proc *proc)
{
    return proc->linux_state != NULL ? proc->linux_state->leader->pid : proc->pid;
}

int32_t linux_getpid(void)
{
    return process_of(current);
}

int32_t linux_gettid(void)
{
    return current->pid;
}

int32_t linux_getppid(void)
{
    return process_of(current->linux_state->leader->parent);
}

int32_t linux_getuid(void)
{
    return 0;
}

int32_t linux_getgid(void)
{
    return 0;
}

int32_t linux_geteuid(void)
{
    return 0;
}

int32_t linux_getegid(void)
{
    return 0;
}

int32_t linux_getuid32(void)
{
    return 0;
}

int32_t linux_getgid32(void)
{
    return 0;
}

int32_t linux_geteuid32(void)
{
    return 0;
}

int32_t linux_getegid32(void)
{
    return 0;
}

int32_t linux_uname(struct uaddr to)
{
    struct linux_utsname names = {.sysname = "Linux",
                                  .nodename = "ucow",
                                  .release = "6.1.0-ucow",
                                  .version = "ucow",
                                  .machine = "i686",
                                  .domainname = "(none)"};
    return linux_put(to, &names, sizeof(names));
}

int32_t linux_sysinfo(struct uaddr to)
{
    struct swap_info swap;
    swap_read_info(&swap);
    const struct linux_sysinfo info = {.uptime = (uint32_t)linux_time((struct uaddr){0}),
                                       .total_ram = (uint32_t)(page_total_count() * PAGE_SIZE),
                                       .free_ram = (uint32_t)(page_free_count() * PAGE_SIZE),
                                       .total_swap = (uint32_t)(swap.slots * PAGE_SIZE),
                                       .free_swap = (uint32_t)(swap.free * PAGE_SIZE),
                                       .processes = (uint16_t)proc_count(),
                                       .unit = 1};
    return linux_put(to, &info, sizeof(info));
}

int32_t linux_getrandom(struct uaddr to, uint32_t n, uint32_t flags)
{
    uint8_t piece[RANDOM_PIECE];
    if ((flags & ~7u) != 0)
        return -LINUX_EINVAL;
    n = MIN(n, (uint32_t)INT32_MAX);
    for (uint32_t done = 0; done < n;) {
        uint32_t part = MIN(n - done, RANDOM_PIECE);
        linux_random(piece, part);
        int32_t error = linux_put(uaddr_plus(to, done), piece, part);
        if (error == 0)
            error = linux_error(sched_point());
        if (error != 0)
            return done > 0 ? (int32_t)done : error;
        done += part;
    }
    return (int32_t)n;
}
