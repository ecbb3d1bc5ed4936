/* SPDX-License-Identifier: MIT */
/*
 * words - splits a line of the shell into commands, and these into words.
 *
 *   ;  ends a command; &  ends it and lets it run in the background
 *   'a b'  is one word, and so is "a b"; \ takes the character after it as it is;
 *          within "..." only " \ $ ` are taken so, and another \ stays; within '...' all stay
 *   #  where a word would begin: the rest of the line is a comment
 *   | < > &&  are refused outside quotes
 */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include <stdbool.h>

#include <ucow/abi.h>

struct command {
    int argc;
    const char *argv[EXEC_MAX_ARGS];
    bool background;
};

/* Take the next command off *line. Its words are copied to *room, which needs as many bytes as the line, and
 * *room goes to the end of them. Returns NULL, and argc 0 at the end of the line; or a sentence that says
 * what is wrong. */
const char *words_next(const char **line, char **room, struct command *command);

#endif
