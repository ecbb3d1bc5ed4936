/* SPDX-License-Identifier: MIT */
/*
 * family - parents, children and siblings; only family.c changes these links.
 *
 * A child is in one of two lists of its parent: the living children or the zombies. So wait() for any child
 * finds a zombie without looking at living children.
 */
#ifndef PROC_FAMILY_H
#define PROC_FAMILY_H

#include <stdbool.h>

struct proc;

/* Make `child`, which has no parent yet, the youngest living child of `parent`. */
void family_add(struct proc *parent, struct proc *child);

/* Move `child`, which has ended, to its parent's zombies. The caller then makes its state ZOMBIE. */
void family_make_zombie(struct proc *child);

/* Unlink `child` from its parent. */
void family_remove(struct proc *child);

/* Make `child`, which lives, a child of `to`. */
void family_give(struct proc *child, struct proc *to);

/* Make up to `n` children of `from`, the living first, children of `to`; *zombies tells whether there are
 * zombies among them. Returns whether `from` has children left. Other processes may run between two calls:
 * they see each child with the one or the other parent. */
bool family_hand_over(struct proc *from, struct proc *to, unsigned n, bool *zombies);

/* Whether the links between `proc`, its parent and the siblings next to it agree. */
bool family_ok(const struct proc *proc);

#endif
