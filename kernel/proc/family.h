/* SPDX-License-Identifier: MIT */
/*
 * family - parents, children and siblings; the only code that changes these links.
 *
 * A child is in one of two chains of its parent: cptr, the living, or zptr, the zombies, so that
 * wait() never looks at the living. yptr and optr chain siblings, the youngest first.
 */
#ifndef PROC_FAMILY_H
#define PROC_FAMILY_H

#include <stdbool.h>

struct proc;

/* Make `child`, which has no parent yet, the youngest living child of `parent`. */
void family_add(struct proc *parent, struct proc *child);

/* `child` has ended: it moves to its parent's zombies. */
void family_make_zombie(struct proc *child);

/* Unlink `child` from its parent. */
void family_remove(struct proc *child);

/* Give all children of `from` to `to`. Whether a zombie is among them. */
bool family_hand_over(struct proc *from, struct proc *to);

/* Whether the links around `proc` agree. */
bool family_ok(const struct proc *proc);

#endif
