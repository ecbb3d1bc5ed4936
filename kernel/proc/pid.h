/* SPDX-License-Identifier: MIT */
/*
 * pid - allocates pids, finds processes by pid, and counts the members of process groups.
 *
 * A group has the pid of the process that founded it. No operation's cost depends on the number of processes.
 */
#ifndef PROC_PID_H
#define PROC_PID_H

#include <stdbool.h>
#include <stddef.h>

struct proc;

/* Bytes of the table for pids below `max`. */
size_t pid_table_bytes(size_t max);

/* Use pid_table_bytes(max) bytes at `table`, which are zeroed. Pids 1 to max - 1 are free; 0 is always
 * idle's. */
void pid_init(void *table, size_t max);

/* Returns a pid that proc_find() does not find yet; -E_NO_FREE_PROC if all are used. */
int pid_alloc(void);

/* Free `pid`; proc_find() no longer finds its process. pid_alloc() does not return it before the group of
 * that number is empty. */
void pid_free(int pid);

/* From now on proc_find(pid) returns `proc`. Cannot fail. */
void pid_publish(int pid, struct proc *proc);

/* Returns the process with this pid; NULL if there is none. */
struct proc *proc_find(int pid);

/* One process more in group `group`, the pid of a process or a group that exists; one less. The latter
 * returns whether it was the last. */
void pid_group_join(int group);
bool pid_group_leave(int group);

/* Whether a process, zombies included, is in group `group`, which may be any number. */
bool pid_group_exists(int group);

/* Where the table has the process with this pid; NULL if no process can have it. For code that trusts neither
 * the table nor what it finds there. */
struct proc **pid_entry(int pid);

/* Processes, idle not counted. */
size_t pid_used_count(void);

/* Every pid is below this. */
int pid_limit(void);

#endif
