/* SPDX-License-Identifier: MIT */
/*
 * sh - the parts of the shell: sh.c reads lines and runs programs, sh_jobs.c keeps the jobs, sh_builtins.c
 * has the builtin commands.
 */
#ifndef BIN_SH_H
#define BIN_SH_H

#include <stdbool.h>

#include "ulib.h"
#include "words.h"

enum { MAX_JOBS = 32, JOB_TEXT = 64 };

/* A program that was started and whose end was not reported yet. */
struct job {
    int number; /* from 1; 0: the entry is free */
    int pid;    /* and its process group */
    int code;   /* valid if it has ended */
    bool ended, background;
    char text[JOB_TEXT]; /* the command, shortened */
};

/* ---- sh_jobs.c ---- */

/* A free entry, or NULL. */
struct job *job_room(void);

/* Enter the program `pid` that was started by `command`. */
void job_start(struct job *job, int pid, const struct command *command);

/* Wait for a job in the foreground, and print its exit code if that is not 0. */
void job_wait(struct job *job);

/* The job with this number, 0: the one that was started last; NULL: there is none. */
struct job *job_find(int number);

/* Print which jobs have ended, and forget them; print all. */
void jobs_report(void);
void jobs_list(void);

/* Wait for each job in the foreground, so that ^C ends it. */
void jobs_wait_all(void);

/* ---- sh_builtins.c ---- */

/* Run the command if it is builtin. Returns whether it was. */
bool run_builtin(const struct command *command);

/* The name of the i-th builtin command, or NULL. */
const char *builtin_name(unsigned i);

/* ---- sh.c ---- */

/* The i-th program of the boot archive in order of names; NULL: there are fewer, or there is no memory for
 * the list. */
const struct program_info *program_at(unsigned i);

/* Run a builtin command or a program; ./NAME is the program. */
void run_command(struct command *command);

/* Give the terminal to a program's group; take it back. */
void give_terminal(int group);
void take_terminal(void);

/* Wait for the jobs and exit. */
NORETURN void leave(int code);

#endif
