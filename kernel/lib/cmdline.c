/* SPDX-License-Identifier: MIT */
/*
 * cmdline - splits the command line at blanks and tabs; there is no quoting.
 */
#include "lib/cmdline.h"

#include <limits.h>
#include <stdbool.h>

#include "lib/string.h"

/* The next word of *rest, terminated by a NUL, or NULL; *rest moves past it. */
static char *next_word(char **rest)
{
    char *p = *rest;
    while (*p == ' ' || *p == '\t')
        p++;
    if (*p == '\0')
        return NULL;
    char *word = p;
    while (*p != '\0' && *p != ' ' && *p != '\t')
        p++;
    if (*p != '\0')
        *p++ = '\0';
    *rest = p;
    return word;
}

/* Whether the word is a path, not an option: it has no `=`, or a `/` before it. */
static bool is_path(const char *word)
{
    const char *slash = strchr(word, '/'), *equals = strchr(word, '=');
    return equals == NULL || (slash != NULL && slash < equals);
}

static void add_option(struct cmdline *cmdline, char *word)
{
    if (cmdline->options_n < CMDLINE_MAX_OPTIONS)
        cmdline->options[cmdline->options_n++] = word;
    else
        cmdline->options_dropped++;
}

static void add_arg(struct cmdline *cmdline, char *word)
{
    if (cmdline->args_n < CMDLINE_MAX_ARGS)
        cmdline->args[cmdline->args_n++] = word;
}

/* What follows the kernel's path, if QEMU put one in front without quotes: blanks, `=` and ` -- ` in the
 * names of its folders are not options. */
static char *skip_kernel_path(char *text)
{
    static const char name[] = "/ucow.elf";
    for (char *p = text; *p != '\0'; p++) {
        if (strncmp(p, name, sizeof(name) - 1) != 0)
            continue;
        char *end = p + sizeof(name) - 1;
        if (*end == '\0' || *end == ' ')
            return end;
    }
    return text;
}

void cmdline_parse(struct cmdline *cmdline, char *text)
{
    memset(cmdline, 0, sizeof(*cmdline));
    char *after_path = *text == '/' ? skip_kernel_path(text) : text;
    bool options = true, first = after_path == text;
    text = after_path;
    for (char *word; (word = next_word(&text)) != NULL; first = false) {
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (!options)
            add_arg(cmdline, word);
        else if (!first || !is_path(word))
            add_option(cmdline, word);
    }
}

const char *cmdline_value(const char *word, const char *key)
{
    size_t length = strlen(key);
    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

int cmdline_number(const char *text)
{
    int n = 0;
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9 || n > (INT_MAX - digit) / 10)
            return -1;
        n = n * 10 + digit;
    }
    return n;
}
