/*
 * cmdline - the kernel's command line: `key=value ... -- program args`.
 *
 * Some loaders put the path of the kernel in front; it is skipped.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <stddef.h>

#define CMDLINE_MAX_OPTIONS 32
#define CMDLINE_MAX_ARGS 65 /* one more than exec takes: so it notices, and the rest does not matter */

struct cmdline {
    char *options[CMDLINE_MAX_OPTIONS]; /* words before `--` */
    int options_n;
    char *args[CMDLINE_MAX_ARGS]; /* words behind it: the program and its arguments */
    int args_n;
    int options_dropped; /* options for which there was no room */
};

/* Cut `text` into words, in place; they live as long as it does. */
void cmdline_parse(struct cmdline *cmdline, char *text);

/* The value of a word `key=value` when its key is this one, else NULL. */
const char *cmdline_value(const char *word, const char *key);

/* A decimal number up to 2^31 - 1, or -1 when `text` is none. */
int cmdline_number(const char *text);

#endif
