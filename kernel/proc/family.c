/* SPDX-License-Identifier: MIT */
/*
 * family - two chains per parent.
 */
#include "proc/family.h"

#include "proc/proc.h"
#include "watch/assert.h"
#include "watch/trace.h"

static struct proc **chain_of(const struct proc *child)
{
    return child->state == PROC_ZOMBIE ? &child->parent->zptr : &child->parent->cptr;
}

static void link_youngest(struct proc **chain, struct proc *child)
{
    child->yptr = NULL;
    child->optr = *chain;
    if (*chain != NULL)
        (*chain)->yptr = child;
    *chain = child;
}

static void unlink(struct proc **chain, struct proc *child)
{
    if (child->optr != NULL)
        child->optr->yptr = child->yptr;
    if (child->yptr != NULL)
        child->yptr->optr = child->optr;
    else
        *chain = child->optr;
    child->yptr = child->optr = NULL;
}

void family_add(struct proc *parent, struct proc *child)
{
    proc_check(parent);
    proc_check(child);
    child->parent = parent;
    link_youngest(&parent->cptr, child);
    ASSERT(family_ok(child));
}

void family_make_zombie(struct proc *child)
{
    proc_check(child);
    proc_check(child->parent);
    ASSERT(family_ok(child));
    unlink(&child->parent->cptr, child);
    link_youngest(&child->parent->zptr, child);
}

void family_remove(struct proc *child)
{
    proc_check(child);
    proc_check(child->parent);
    unlink(chain_of(child), child);
    child->parent = NULL;
}

/* Move a whole chain to another parent; each child has to learn of it. */
static bool hand_over_chain(struct proc **from, struct proc **to, struct proc *parent)
{
    struct proc *child, *oldest = NULL;
    for (child = *from; child != NULL; child = child->optr) {
        TRACE(reparent, child->pid, child->parent->pid, parent->pid);
        child->parent = parent;
        oldest = child;
    }
    if (oldest == NULL)
        return false;
    oldest->optr = *to;
    if (*to != NULL)
        (*to)->yptr = oldest;
    *to = *from;
    *from = NULL;
    return true;
}

bool family_hand_over(struct proc *from, struct proc *to)
{
    hand_over_chain(&from->cptr, &to->cptr, to);
    return hand_over_chain(&from->zptr, &to->zptr, to);
}

bool family_ok(const struct proc *proc)
{
    if (proc->parent == NULL)
        return proc->yptr == NULL && proc->optr == NULL;
    if (proc->yptr == NULL ? *chain_of(proc) != proc : proc->yptr->optr != proc)
        return false;
    return proc->optr == NULL || (proc->optr->yptr == proc && proc->optr->parent == proc->parent);
}
