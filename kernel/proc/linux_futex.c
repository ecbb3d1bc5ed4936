/* SPDX-License-Identifier: MIT */
/*
 * linux_futex - the tree of those that wait for a futex, and the ways out of it: woken, too late, killed.
 */
#include "proc/linux_futex.h"

#include <ucow/errno.h>

#include "mm/mm.h"
#include "proc/mutex.h"
#include "proc/sched.h"
#include "proc/sleep.h"

#define AT_ONCE 64u /* between two points at which others may run */

static struct rb_root waiting;
static struct waitq sleepers = {LIST_INIT(sleepers.sleepers)};
static uint64_t arrivals;

static struct linux_proc *of_node(struct rb_node *node)
{
    return rb_entry(node, struct linux_proc, futex);
}

/* Whether what waits for `a` comes before what waits for `b`. */
static bool before(const struct futex_key *a, const struct futex_key *b)
{
    return a->space != b->space ? (uintptr_t)a->space < (uintptr_t)b->space : a->va < b->va;
}

/* Insert `state` as the last that waits for `key`. Caller holds sched_lock. */
static void insert(struct linux_proc *state, const struct futex_key *key)
{
    struct rb_node **link = &waiting.node, *parent = NULL;
    state->key = *key;
    state->arrival = ++arrivals;
    state->waits = true;
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[before(key, &of_node(parent)->key) ? RB_LEFT : RB_RIGHT];
    }
    rb_insert(&waiting, parent, link, &state->futex);
}

static void remove(struct linux_proc *state)
{
    rb_erase(&waiting, &state->futex);
    state->waits = false;
}

/* The first that waits for `key`, or NULL. Caller holds sched_lock. */
static struct linux_proc *first(const struct futex_key *key)
{
    struct linux_proc *best = NULL;
    for (struct rb_node *node = waiting.node; node != NULL;) {
        struct linux_proc *state = of_node(node);
        bool early = before(&state->key, key);
        if (!early && !before(key, &state->key))
            best = state;
        node = node->child[early ? RB_RIGHT : RB_LEFT];
    }
    return best;
}

int futex_key(struct futex_key *key, struct uaddr at, bool shared)
{
    struct mm *mm = current->mm;
    *key = (struct futex_key){mm, at.va};
    if (!shared)
        return 0;
    int error = mutex_lock_killable(&mm->lock);
    if (error != 0)
        return error;
    const struct vma *vma = vma_at(&mm->vmas, at.va);
    if (vma == NULL)
        error = -E_INVAL;
    else if (vma->flags & VM_SHARED)
        key->space = vma->object; /* all who have it map it at the same address */
    mutex_unlock(&mm->lock);
    return error;
}

int futex_wait(const struct futex_key *key, struct uaddr at, uint32_t value, uint64_t ticks)
{
    struct linux_proc *state = current->linux_state;
    uint32_t word;
    int error = copy_from_user(&word, at, sizeof(word));
    if (error != 0)
        return error;
    if (word != value)
        return -E_BUSY;
    if (ticks == 0)
        return -E_TIMEOUT;
    /* No other process has run since the word was read: it cannot have changed, and its change cannot be
     * missed. */
    uint32_t eflags = spin_lock_irqsave(&sched_lock);
    insert(state, key);
    if (ticks != FUTEX_FOR_EVER)
        timer_arm(ticks);
    while (error == 0 && state->waits && (ticks == FUTEX_FOR_EVER || current->timer_armed))
        error = waitq_sleep(&sleepers, true);
    if (current->timer_armed)
        timer_disarm();
    if (!state->waits)
        error = 0;
    else {
        remove(state);
        error = error != 0 ? error : -E_TIMEOUT;
    }
    spin_unlock_irqrestore(&sched_lock, eflags);
    return error;
}

/* Take up to `n` out of the tree that were waiting for `key` when this began; each is woken, or waits for
 * `to`. */
static uint32_t take(const struct futex_key *key, const struct futex_key *to, uint32_t n)
{
    uint32_t taken = 0;
    const uint64_t last = arrivals;
    while (taken < n) {
        uint32_t eflags = spin_lock_irqsave(&sched_lock);
        struct linux_proc *state = first(key);
        bool found = state != NULL && state->arrival <= last;
        if (found) {
            remove(state);
            if (to != NULL)
                insert(state, to);
            else
                wakeup_proc(state->self);
        }
        spin_unlock_irqrestore(&sched_lock, eflags);
        if (!found)
            break;
        taken++;
        if (taken % AT_ONCE == 0 && sched_point() != 0)
            break;
    }
    return taken;
}

uint32_t futex_wake(const struct futex_key *key, uint32_t n)
{
    return take(key, NULL, n);
}

uint32_t futex_move(const struct futex_key *key, const struct futex_key *to, uint32_t n)
{
    return take(key, to, n);
}
