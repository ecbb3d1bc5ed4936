/* SPDX-License-Identifier: MIT */
/*
 * pid - allocates pids, and finds processes by pid.
 *
 * Free pids form a queue: first those that were never used, in their order, then the others, in the order in
 * which they were freed. So a pid is not reused soon, and neither pid_alloc() nor pid_free() looks at other
 * processes.
 *
 * A pid whose process is gone stays reserved while a group of that number has members, so that no new process
 * finds itself the leader of a group of strangers.
 */
#include "proc/pid.h"

#include <ucow/errno.h>

#include "check/hooks.h"
#include "watch/assert.h"
#include "watch/ledger.h"

static struct pid_slot {
    struct proc *proc; /* the process with this pid, or NULL */
    uintptr_t caller;  /* checking builds: the caller of pid_alloc(); 0 if the pid is free */
    unsigned members;  /* processes in the group of this number */
} * slots;
static size_t limit, fresh; /* pids from `fresh` to limit - 1 were never used */
static uint16_t *queue;     /* a ring of pids that were freed: freed_n from first_freed on */
static size_t first_freed, freed_n;
static size_t reserved_n; /* used pids of which only the group is left */

size_t pid_table_bytes(size_t max)
{
    return max * (sizeof(*slots) + sizeof(*queue));
}

static size_t held(void *context)
{
    (void)context;
    return pid_used_count() + reserved_n;
}

static void walk(void *context, void (*visit)(uintptr_t caller))
{
    (void)context;
    for (size_t pid = 1; pid < limit; pid++)
        if (slots[pid].caller != 0)
            visit(slots[pid].caller);
}

void pid_init(void *table, size_t max)
{
    static struct ledger_account account = {.name = "pids", .held = held, .walk = walk};
    slots = table;
    queue = (uint16_t *)(slots + max);
    limit = max;
    fresh = 1; /* 0 is always idle's */
    first_freed = freed_n = reserved_n = 0;
    ledger_open(&account);
}

static int take_freed(void)
{
    int pid = queue[first_freed];
    first_freed = first_freed + 1 == limit ? 0 : first_freed + 1;
    freed_n--;
    return pid;
}

/* Not inlined: the ledger records its return address. */
__attribute__((noinline)) int pid_alloc(void)
{
    if (fresh == limit && freed_n == 0)
        return -E_NO_FREE_PROC;
    if (inject_fails(INJECT_PID, (uintptr_t)__builtin_return_address(0)))
        return -E_NO_FREE_PROC;
    int pid = fresh < limit ? (int)fresh++ : take_freed();
    slots[pid].caller = CHECK_CALLER();
    return pid;
}

static void release(int pid)
{
    ASSERT(pid > 0 && (size_t)pid < fresh && freed_n < fresh - 1);
    size_t at = first_freed + freed_n;
    slots[pid] = (struct pid_slot){0};
    queue[at >= limit ? at - limit : at] = (uint16_t)pid;
    freed_n++;
}

void pid_free(int pid)
{
    if (slots[pid].members == 0) {
        release(pid);
        return;
    }
    slots[pid].proc = NULL;
    reserved_n++;
}

void pid_group_join(int group)
{
    ASSERT(slots[group].members > 0 || slots[group].proc != NULL);
    slots[group].members++;
}

bool pid_group_leave(int group)
{
    struct pid_slot *slot = &slots[group];
    ASSERT(slot->members > 0);
    if (--slot->members > 0)
        return false;
    if (slot->proc == NULL) {
        reserved_n--;
        release(group);
    }
    return true;
}

bool pid_group_exists(int group)
{
    return group > 0 && (size_t)group < limit && slots[group].members > 0;
}

void pid_publish(int pid, struct proc *proc)
{
    ASSERT(slots[pid].proc == NULL);
    slots[pid].proc = proc;
}

struct proc *proc_find(int pid)
{
    return pid < 0 || (size_t)pid >= limit ? NULL : slots[pid].proc;
}

struct proc **pid_entry(int pid)
{
    return pid < 0 || (size_t)pid >= limit ? NULL : &slots[pid].proc;
}

size_t pid_used_count(void)
{
    return fresh - 1 - freed_n - reserved_n;
}

int pid_limit(void)
{
    return (int)limit;
}
