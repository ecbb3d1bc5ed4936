/* SPDX-License-Identifier: MIT */
/*
 * group - process groups: processes that are killed together, and that share the terminal.
 *
 * A group's number is the pid of the process that founded it. A child inherits its parent's group. The first
 * program leads the first foreground group. init belongs to group 1, which no process can join.
 */
#ifndef PROC_GROUP_H
#define PROC_GROUP_H

#include <stdbool.h>

/* Move process `pid` (0: the current one) to group `group` (0: to its own). Returns 0; -E_BAD_PROC if `pid`
 * is not the current process or a child of it; -E_INVAL if a number is negative or there is no such group. */
int group_set(int pid, int group);

/* Returns the group of process `pid` (0: the current one); -E_BAD_PROC if there is no such process. */
int group_of(int pid);

/* Keep the number of `group`, which may be any number, from new groups until group_left(), also if all
 * members are reaped meanwhile. Returns false, and keeps nothing, if there is no such group. */
bool group_hold(int group);

/* A member of `group` was reaped, or it is held no longer. */
void group_left(int group);

/* Kill every process of `group`, those too that its members fork meanwhile. Returns 0; -E_INVAL if there is
 * no such group; -E_KILLED if all its processes were killed before or are zombies. The current process may be
 * one of them. Caller holds no lock. */
int group_kill(int group);

/* Kill members of `group` whose pids are *next or above, and look at no more than a few. Returns how many it
 * killed, and the pid to go on with in *next; 0: there are no more. Caller holds the group, and no lock. */
int group_kill_some(int group, int *next);

/* Make `group` the foreground group of the terminal. Returns 0; -E_INVAL if there is no such group. */
int group_set_foreground(int group);

#endif
