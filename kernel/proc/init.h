/*
 * init - process 1: it starts the first program, adopts orphans, and closes the books.
 */
#ifndef PROC_INIT_H
#define PROC_INIT_H

#include "proc/exec.h"

struct proc;

extern struct proc *init_proc;

/* Create init, which will run the program args[0]; without arguments the shell. */
void init_start(int argc, char *const *args);

#endif
