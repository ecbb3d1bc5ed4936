/* SPDX-License-Identifier: MIT */
/*
 * init - process 1: it starts the first program, adopts orphans, and ends the run.
 */
#ifndef PROC_INIT_H
#define PROC_INIT_H

#define REHEARSAL "rehearsal" /* user/checks/rehearsal.c */

struct cmdline;

/* Create init. It calls `before`, unless NULL, and runs the program of the command line, by default the
 * shell. */
void init_start(const struct cmdline *cmdline, void (*before)(void));

/* After the first program, run REHEARSAL too, unseen: it does what many programs do not, and the checks look
 * on. */
void init_want_rehearsal(void);

#endif
