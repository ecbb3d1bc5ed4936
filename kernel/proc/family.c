/* SPDX-License-Identifier: MIT */
/*
 * family - the lists of living children and of zombies.
 */
#include "proc/family.h"

#include "proc/proc.h"
#include "watch/assert.h"
#include "watch/trace.h"

void family_add(struct proc *parent, struct proc *child)
{
    proc_check(parent);
    proc_check(child);
    child->parent = parent;
    list_add_head(&parent->children, &child->sibling);
    RULE(family_ok(child),
         "pid %d \"%s\" is put among the children of pid %d, but its parent is pid %d: child->parent",
         child->pid, child->name, parent->pid, child->parent == NULL ? 0 : child->parent->pid);
}

void family_make_zombie(struct proc *child)
{
    proc_check(child);
    proc_check(child->parent);
    ASSERT(family_ok(child));
    list_move_head(&child->parent->zombies, &child->sibling);
}

void family_remove(struct proc *child)
{
    proc_check(child);
    proc_check(child->parent);
    list_del(&child->sibling);
    child->parent = NULL;
}

void family_give(struct proc *child, struct proc *to)
{
    TRACE(reparent, child->pid, child->parent->pid, to->pid);
    child->parent = to;
    list_move_head(&to->children, &child->sibling);
    ASSERT(family_ok(child));
}

/* Move up to `n` children, the last first so that their order stays, to the list `to` of `parent`. Returns
 * how many. */
static unsigned hand_over_list(struct list_node *from, struct list_node *to, struct proc *parent, unsigned n)
{
    unsigned moved = 0;
    for (; moved < n && !list_empty(from); moved++) {
        struct proc *child = list_entry(list_last(from), struct proc, sibling);
        TRACE(reparent, child->pid, child->parent->pid, parent->pid);
        child->parent = parent;
        list_move_head(to, &child->sibling);
    }
    return moved;
}

bool family_hand_over(struct proc *from, struct proc *to, unsigned n, bool *zombies)
{
    RULE(init_proc == NULL || to == init_proc,
         "the children of pid %d \"%s\" are handed to pid %d \"%s\", but orphans belong to init", from->pid,
         from->name, to->pid, to->name);
    *zombies = false;
    if (list_empty(&from->children) && list_empty(&from->zombies))
        return false; /* as most processes that end */
    unsigned moved = hand_over_list(&from->children, &to->children, to, n);
    *zombies = hand_over_list(&from->zombies, &to->zombies, to, n - moved) != 0;
    return !list_empty(&from->children) || !list_empty(&from->zombies);
}

/* Whether `node`, next to `child` in a list, is the right head or a child of the same parent. */
static bool neighbour_ok(const struct proc *child, const struct list_node *node)
{
    const struct proc *parent = child->parent;
    if (node == &parent->children)
        return child->state != PROC_ZOMBIE;
    if (node == &parent->zombies)
        return child->state == PROC_ZOMBIE;
    return list_entry(node, const struct proc, sibling)->parent == parent;
}

bool family_ok(const struct proc *proc)
{
    const struct list_node *node = &proc->sibling;
    if (proc->parent == NULL)
        return list_empty(node);
    return !list_empty(node) && list_link_ok(node) && list_link_ok(node->next) &&
           neighbour_ok(proc, node->prev) && neighbour_ok(proc, node->next);
}
