/* SPDX-License-Identifier: MIT */
/*
 * pid - allocates pids, and finds processes by pid.
 *
 * Free pids form a queue: the pid that was freed longest ago is allocated next, so a pid is not reused soon,
 * and neither pid_alloc() nor pid_free() looks at other processes.
 */
#include "proc/pid.h"

#include <ucow/errno.h>

#include "check/hooks.h"
#include "lib/string.h"
#include "watch/assert.h"
#include "watch/ledger.h"

static struct pid_slot {
    struct proc *proc; /* the process with this pid, or NULL */
    uintptr_t site;    /* checking builds: the caller of pid_alloc(); 0 if the pid is free */
} * slots;
static uint16_t *queue; /* a ring of free pids */
static size_t limit, first_free, free_n;

size_t pid_table_bytes(size_t max)
{
    return max * (sizeof(*slots) + sizeof(*queue));
}

static size_t held(void *keeper)
{
    (void)keeper;
    return pid_used_count();
}

static void walk(void *keeper, void (*note)(uintptr_t site))
{
    (void)keeper;
    for (size_t pid = 1; pid < limit; pid++)
        if (slots[pid].site != 0)
            note(slots[pid].site);
}

void pid_init(void *table, size_t max)
{
    static struct ledger_account account = {.name = "pids", .held = held, .walk = walk};
    slots = table;
    queue = (uint16_t *)(slots + max);
    limit = max;
    first_free = free_n = 0;
    memset(slots, 0, max * sizeof(*slots));
    for (size_t pid = 1; pid < max; pid++) /* 0 is always idle's */
        queue[free_n++] = (uint16_t)pid;
    ledger_open(&account);
}

/* Not inlined: the ledger records its return address. */
__attribute__((noinline)) int pid_alloc(void)
{
    if (free_n == 0 || inject_fails(INJECT_PID, (uintptr_t)__builtin_return_address(0)))
        return -E_NO_FREE_PROC;
    int pid = queue[first_free];
    first_free = first_free + 1 == limit ? 0 : first_free + 1;
    free_n--;
    slots[pid].site = CHECK_CALLER();
    return pid;
}

void pid_free(int pid)
{
    ASSERT(pid > 0 && (size_t)pid < limit && free_n < limit - 1);
    size_t at = first_free + free_n;
    slots[pid] = (struct pid_slot){0};
    queue[at >= limit ? at - limit : at] = (uint16_t)pid;
    free_n++;
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

size_t pid_used_count(void)
{
    return limit - 1 - free_n;
}

int pid_limit(void)
{
    return (int)limit;
}
