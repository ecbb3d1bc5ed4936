/* SPDX-License-Identifier: MIT */
/*
 * linux_threads - the threads of a process of Linux: processes of ucow with the same memory, one of which
 * leads.
 *
 *   a thread ends by              what happens
 *   --------------------------    -----------------------------------------------------------------
 *   exit()                        it leaves; a leader waits first until all others have left, and the process
 *                                 ends with the code of the last
 *   all else: exit_group(),       every other thread is killed; the leader waits until they have left,
 *   a fault, a signal             and becomes the zombie that its parent sees, with the first one's end
 *
 * The leader outlives the others, so a thread may look at it without a reference. Threads are children of
 * init.
 */
#include <ucow/errno.h>

#include "lib/util.h"
#include "mm/mm.h"
#include "proc/family.h"
#include "proc/kill.h"
#include "proc/linux_futex.h"
#include "proc/sched.h"

static struct linux_proc *leader_state(void)
{
    return current->linux_state->leader->linux_state;
}

static bool is_leader(void)
{
    return current->linux_state->leader == current;
}

void linux_clear_tid(void)
{
    const int no_process = 0;
    struct linux_proc *state = current->linux_state;
    uintptr_t at = state->thread.clear_tid;
    state->thread.clear_tid = 0;
    if (at == 0 || mm_users(current->mm) == 1)
        return;
    copy_to_user((struct uaddr){at}, &no_process, sizeof(no_process)); /* or not */
    futex_wake(&(struct futex_key){current->mm, at}, 1);
}

bool linux_is_ending(void)
{
    return leader_state()->ending;
}

void linux_thread_add(struct proc *child)
{
    struct linux_proc *leader = leader_state(), *state = child->linux_state;
    state->leader = leader->self;
    list_add_tail(&leader->threads, &state->threads);
    family_give(child, init_proc);
    if (leader->ending) { /* since it was forked */
        state->told = true;
        do_kill(child->pid);
    }
}

/* Kill the other threads: each that has been told goes to the end of the list, so the first that has is the
 * last. */
static void kill_others(struct linux_proc *leader)
{
    if (!is_leader())
        do_kill(leader->self->pid);
    while (!list_empty(&leader->threads)) {
        struct linux_proc *state = list_entry(list_first(&leader->threads), struct linux_proc, threads);
        if (state->told)
            break;
        state->told = true;
        list_move_tail(&leader->threads, &state->threads);
        if (state->self != current)
            do_kill(state->self->pid);
        sched_point(); /* others may leave meanwhile; a killed caller goes on */
    }
}

void linux_end_process(struct linux_end end)
{
    struct linux_proc *leader = leader_state();
    if (leader->ending)
        return;
    leader->ending = true;
    leader->end = end;
    kill_others(leader);
}

/* Sleep until the current thread, a leader, is the only one. Returns 0; -E_KILLED if `killable` and killed.
 */
static int await_others(bool killable)
{
    struct linux_proc *state = current->linux_state;
    int error = 0;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    while (error == 0 && !list_empty(&state->threads))
        error = waitq_sleep(&state->alone, killable);
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

int linux_await_threads(int *code)
{
    struct linux_proc *state = current->linux_state;
    if (!is_leader() || list_empty(&state->threads))
        return 0;
    int error = await_others(true);
    *code = state->end.code;
    return error;
}

bool linux_end_others(void)
{
    struct linux_proc *leader = leader_state();
    if (leader->ending)
        return false;
    leader->ending = true;
    kill_others(leader);
    await_others(false);
    return true;
}

/* The current thread, which does not lead, is gone for the others. */
static void leave(struct linux_proc *leader, int code)
{
    if (!leader->ending)
        leader->end.code = code;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    list_del(&current->linux_state->threads);
    if (list_empty(&leader->threads))
        waitq_wake(&leader->alone);
    spin_unlock_irqrestore(&sched_lock, eflags);
}

void linux_leave(enum exit_reason *reason, int *code)
{
    struct linux_proc *leader = leader_state();
    linux_clear_tid();
    if (is_leader() && list_empty(&leader->threads) && !leader->ending)
        return;
    if (is_leader() || *reason != EXIT_CALL)
        linux_end_process((struct linux_end){*reason, *code, current->fault_trap, current->kill_signal});
    if (!is_leader()) {
        leave(leader, *code);
        return;
    }
    await_others(false);
    *reason = leader->end.reason;
    *code = leader->end.code;
    current->fault_trap = leader->end.trap;
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    current->kill_signal = leader->end.signal;
    spin_unlock_irqrestore(&sched_lock, eflags);
}
