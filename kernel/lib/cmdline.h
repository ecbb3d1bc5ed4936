/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel's command line: `key=value ... -- program args`.
 *
 * QEMU puts the path of the kernel in front, as it is. A path that begins with `/` is skipped up to the
 * file's name, ucow.elf, whatever its folders are called; of any other path, the first word.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <stddef.h>

#define CMDLINE_MAX_OPTIONS 32
#define CMDLINE_MAX_ARGS 65 /* one more than exec allows, so that exec sees that there are too many */

struct cmdline {
    char *options[CMDLINE_MAX_OPTIONS]; /* words before `--` */
    int options_n;
    char *args[CMDLINE_MAX_ARGS]; /* words after it: the program and its arguments */
    int args_n;
    int options_dropped; /* options beyond CMDLINE_MAX_OPTIONS */
};

/* Split `text` into words, in place: `text` must live as long as `cmdline`. */
void cmdline_parse(struct cmdline *cmdline, char *text);

/* The value of a word `key=value` if it has this key, else NULL. */
const char *cmdline_value(const char *word, const char *key);

/* The value of a decimal number up to 2^31 - 1, or -1 if `text` is not one. */
int cmdline_number(const char *text);

#endif
