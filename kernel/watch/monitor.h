/* SPDX-License-Identifier: MIT */
/*
 * monitor - a prompt after a panic (`monitor=on`): words that ask about the machine, on the console.
 *
 * It allocates nothing, uses no interrupt, changes nothing but the queue of input, and reads memory only as
 * look.h does. The words about processes come from proc/proc_monitor.c.
 */
#ifndef WATCH_MONITOR_H
#define WATCH_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch/panic.h"

#define MONITOR_ARGS 2

/* What was typed after a word. */
struct monitor_args {
    const struct report *report; /* why the machine has stopped */
    int n;
    const char *text[MONITOR_ARGS];
};

struct monitor_word {
    const char *name, *usage, *what; /* `usage` names the arguments */
    int least, most;                 /* arguments */
    void (*answer)(const struct monitor_args *args);
};

/* From now on each report ends with the prompt, which has the `n` words at `words` besides its own. */
void monitor_start(const struct monitor_word *words, size_t n);

/* Read argument number `i`, decimal or 0x and hexadecimal digits. Prints a sentence and returns false if it
 * is no number; returns `missing` in *value if there is no such argument. */
bool monitor_number(const struct monitor_args *args, int i, uint32_t missing, uint32_t *value);

#endif
