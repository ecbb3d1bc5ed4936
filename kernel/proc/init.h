/* SPDX-License-Identifier: MIT */
/*
 * init - process 1: it starts the first program, adopts orphans, and ends the run.
 */
#ifndef PROC_INIT_H
#define PROC_INIT_H

struct cmdline;

/* Create init. It calls `before`, unless NULL, and runs the program of the command line, by default the
 * shell. */
void init_start(const struct cmdline *cmdline, void (*before)(void));

#endif
