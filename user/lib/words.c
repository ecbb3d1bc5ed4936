/* SPDX-License-Identifier: MIT */
/*
 * words - the part of the shell's grammar that is left of the POSIX shell's: quoting, ; and &.
 */
#include "words.h"

#include <stddef.h>

#include "lib/string.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_missing_operator(char c)
{
    return c == '|' || c == '<' || c == '>';
}

static bool ends_word(char c)
{
    return c == '\0' || is_blank(c) || c == ';' || c == '&' || is_missing_operator(c);
}

/* Whether a backslash takes the meaning of `next` away. In double quotes only four characters have one. */
static bool escapes(char quote, char next)
{
    if (quote == '"')
        return next == '"' || next == '\\' || next == '$' || next == '`';
    return quote == '\0' && next != '\0';
}

/* Copy the word at *from to *to, without its quotes. Returns false if a quote is not closed. */
static bool copy_word(const char **from, char **to)
{
    char quote = '\0';
    const char *c = *from;
    for (; quote != '\0' ? *c != '\0' : !ends_word(*c); c++) {
        if (quote == '\0' && (*c == '\'' || *c == '"'))
            quote = *c;
        else if (quote != '\0' && *c == quote)
            quote = '\0';
        else if (*c == '\\' && escapes(quote, c[1]))
            *(*to)++ = *++c;
        else
            *(*to)++ = *c;
    }
    *from = c;
    *(*to)++ = '\0';
    return quote == '\0';
}

const char *words_next(const char **line, char **room, struct command *command)
{
    const char *c = *line, *wrong = NULL;
    command->argc = 0;
    command->background = false;
    while (is_blank(*c) || *c == ';')
        c++;
    while (*c != '\0' && *c != '#' && *c != ';' && *c != '&' && wrong == NULL) {
        char *word = *room;
        if (is_missing_operator(*c))
            wrong = "there are no pipes or redirections here: quote | < > to pass them";
        else if (!copy_word(&c, room))
            wrong = "a quote is not closed";
        else if (command->argc == EXEC_MAX_ARGS)
            wrong = "more than 64 words";
        else
            command->argv[command->argc++] = word;
        while (is_blank(*c))
            c++;
    }
    if (*c == '#') /* where a word would begin: a comment */
        c += strlen(c);
    if (c[0] == '&' && c[1] == '&' && wrong == NULL)
        wrong = "there is no && here: a; b runs one after the other";
    else if (*c == '&' && command->argc == 0 && wrong == NULL)
        wrong = "there is no program before &";
    command->background = *c == '&';
    *line = *c == '\0' ? c : c + 1;
    return wrong;
}
