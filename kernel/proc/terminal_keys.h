/* SPDX-License-Identifier: MIT */
/*
 * terminal_keys - what ^C, ^\ and ^T do, a little at a time: they are served between system calls of any
 * process.
 */
#ifndef PROC_TERMINAL_KEYS_H
#define PROC_TERMINAL_KEYS_H

#include <stdbool.h>

#include "dev/input.h"

#define TERMINAL_ENDING_KEYS (INPUT_KEY('C') | INPUT_KEY('\\'))
#define TERMINAL_STATUS_KEYS INPUT_KEY('T')

/* Begin to kill every process of `group`; 0: none. Begin to print all processes. */
void terminal_begin_kill(int group);
void terminal_begin_status(void);

/* Do the next part of both. Returns whether something is left. In process context or in idle, no lock held.
 */
bool terminal_go_on(void);

#endif
